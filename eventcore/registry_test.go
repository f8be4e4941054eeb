package eventcore_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

type (
	nested struct {
		Tags  []string        `json:"tags"`
		Raw   json.RawMessage `json:"raw"`
		Inner map[string]int  `json:"inner"`
	}
	reading int
	labels  []string
	refused struct{ C chan int }
	empty   struct{}
)

func TestEventsComeBackAsTheTypeThatWasRegistered(t *testing.T) {
	r := eventcore.NewRegistry()
	require.NoError(t, eventcore.Register[deposited](r, "deposited"))
	require.NoError(t, eventcore.Register[*nested](r, "nested"))
	require.NoError(t, eventcore.Register[reading](r, "reading"))
	require.NoError(t, eventcore.Register[labels](r, "labels"))
	require.NoError(t, eventcore.Register[empty](r, "empty"))
	require.NoError(t, eventcore.Register[*empty](r, "pointer to empty"))
	for _, tc := range []struct {
		name  string
		event any
		data  string
	}{
		{"deposited", deposited{1000}, `{"amount":1000}`},
		{"nested", &nested{[]string{"x", "y"}, json.RawMessage(`[1]`), map[string]int{"k": 2}}, `{"tags":["x","y"],"raw":[1],"inner":{"k":2}}`},
		{"nested", &nested{Raw: json.RawMessage(`2`)}, `{"tags":null,"raw":2,"inner":null}`},
		{"reading", reading(4711), `4711`},
		{"labels", labels{"a"}, `["a"]`},
		{"empty", empty{}, `{}`},
		{"pointer to empty", &empty{}, `{}`},
	} {
		// Twice: what decoded one event must not show in the next.
		for range 2 {
			name, data, err := r.Encode(tc.event)
			require.NoError(t, err)
			require.Equal(t, tc.name, name)
			require.Equal(t, tc.data, string(data))
			decoded, err := r.Decode(name, data)
			require.NoError(t, err)
			require.Equal(t, tc.event, decoded)
		}
	}
}

// TestDecodedEventsShareNothing changes one event and the bytes it came from, and looks
// at another.
func TestDecodedEventsShareNothing(t *testing.T) {
	r := eventcore.NewRegistry()
	require.NoError(t, eventcore.Register[nested](r, "nested"))
	data := json.RawMessage(`{"tags":["x","y"],"raw":[1],"inner":{"k":2}}`)
	first, err := r.Decode("nested", data)
	require.NoError(t, err)
	second, err := r.Decode("nested", data)
	require.NoError(t, err)
	changed := first.(nested)
	changed.Tags[0], changed.Raw[1], changed.Inner["k"] = "z", '9', 3
	for i := range data {
		data[i] = ' '
	}
	require.Equal(t, nested{[]string{"x", "y"}, json.RawMessage(`[1]`), map[string]int{"k": 2}}, second)
}

func TestDecodingIsStrict(t *testing.T) {
	r := bankRegistry(t)
	require.NoError(t, eventcore.Register[reading](r, "reading"))
	require.NoError(t, eventcore.Register[*nested](r, "nested"))
	for _, tc := range []struct{ name, typeName, data, err string }{
		{"unknown field", "deposited", `{"amount":1,"currency":"EUR"}`, `unknown field "currency"`},
		{"another type's data", "deposited", `{"rain":true}`, `unknown field "rain"`},
		{"wrong type of a field", "deposited", `{"amount":"1"}`, "cannot unmarshal string"},
		{"number out of range", "deposited", `{"amount":1e99}`, "cannot unmarshal number"},
		{"wrong JSON kind", "deposited", `[1]`, "cannot unmarshal array"},
		{"cut off", "deposited", `{"amount":`, "empty or cut off"},
		{"empty", "deposited", ``, "empty or cut off"},
		{"blank", "deposited", `  `, "empty or cut off"},
		{"a second value", "deposited", `{"amount":1}{"amount":2}`, "more after the JSON value"},
		{"text behind it", "deposited", `{"amount":1} x`, "more after the JSON value"},
		{"a second number", "reading", `1 2`, "more after the JSON value"},
		{"no JSON", "deposited", `amount`, "invalid character"},
		{"null", "deposited", `null`, "null"},
		{"null for a pointer", "nested", ` null `, "null"},
		{"unknown name", "opened", `{}`, `type name "opened" is not registered; add its type with eventcore.Register`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			// Between two good ones: an error must not spoil the next event.
			for range 3 {
				event, err := r.Decode("deposited", json.RawMessage(`{"amount":7}`))
				require.NoError(t, err)
				require.Equal(t, deposited{7}, event)
				event, err = r.Decode(tc.typeName, json.RawMessage(tc.data))
				require.ErrorContains(t, err, tc.err)
				require.Nil(t, event)
			}
		})
	}
	for _, data := range []string{` {"amount":7} `, "{\"amount\":7}\n", `{}`} {
		_, err := r.Decode("deposited", json.RawMessage(data))
		require.NoError(t, err, data)
	}
	event, err := r.Decode("deposited", json.RawMessage(`{}`))
	require.NoError(t, err)
	require.Equal(t, deposited{}, event, "no field may be left over from an event before")
}

// TestWhiteSpaceBehindAnEventHidesNothing decodes white space and then more than one
// value, with what is most likely the same decoder.
func TestWhiteSpaceBehindAnEventHidesNothing(t *testing.T) {
	r := bankRegistry(t)
	for range 50 {
		_, err := r.Decode("deposited", json.RawMessage(`{"amount":7}        `))
		require.NoError(t, err)
		_, err = r.Decode("deposited", json.RawMessage(`{"amount":1} x`))
		require.ErrorContains(t, err, "more after the JSON value")
	}
}

func TestEncodingNamesWhatIsMissing(t *testing.T) {
	r := bankRegistry(t)
	require.NoError(t, eventcore.Register[refused](r, "refused"))
	require.NoError(t, eventcore.Register[*nested](r, "nested"))
	require.NoError(t, eventcore.Register[labels](r, "labels"))
	for _, tc := range []struct {
		name  string
		event any
		err   string
	}{
		{"nil", nil, "the event is nil"},
		{"nil pointer", (*nested)(nil), "null, which is no event"},
		{"nil slice", labels(nil), "null, which is no event"},
		{"pointer to a registered type", &deposited{}, "*eventcore_test.deposited is not registered; add it with eventcore.Register"},
		{"not registered", 7, "int is not registered"},
		{"no JSON", refused{}, "unsupported type"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, data, err := r.Encode(tc.event)
			require.ErrorContains(t, err, tc.err)
			require.Nil(t, data)
		})
	}
}

func TestNamesAndTypesAreOneToOne(t *testing.T) {
	r := bankRegistry(t)
	require.ErrorContains(t, eventcore.Register[empty](r, "deposited"), `"deposited": the name stands for eventcore_test.deposited already`)
	require.ErrorContains(t, eventcore.Register[deposited](r, "paid in"), `eventcore_test.deposited has the name "deposited" already`)
	require.ErrorContains(t, eventcore.Register[deposited](r, "deposited"), "already")
	require.ErrorContains(t, eventcore.Register[empty](r, ""), "name is empty")
	require.ErrorContains(t, eventcore.Register[bankEvent](r, "any"), "is an interface; register the types that implement it")
	require.Panics(t, func() { eventcore.MustRegister[empty](r, "deposited") })
	_, _, err := r.Encode(empty{})
	require.Error(t, err, "a refused type must not be half registered")
	require.NotPanics(t, func() { eventcore.MustRegister[empty](r, "empty") })
	name, _, err := r.Encode(empty{})
	require.NoError(t, err)
	require.Equal(t, "empty", name)
}

func TestZeroRegistryHasNoTypes(t *testing.T) {
	var r eventcore.Registry
	_, _, err := r.Encode(empty{})
	require.ErrorContains(t, err, "not registered")
	_, err = r.Decode("empty", json.RawMessage(`{}`))
	require.ErrorContains(t, err, "not registered")
	require.NoError(t, eventcore.Register[empty](&r, "empty"))
	_, err = r.Decode("empty", json.RawMessage(`{}`))
	require.NoError(t, err)
}

// TestRegistryServesManyGoroutines has most of its worth under the race detector.
func TestRegistryServesManyGoroutines(t *testing.T) {
	r := bankRegistry(t)
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for n := range 8 {
		wg.Go(func() {
			for i := range 200 {
				want := deposited{n*1000 + i}
				name, data, err := r.Encode(want)
				if err != nil {
					errs <- err
					return
				}
				got, err := r.Decode(name, data)
				if err != nil || got != any(want) {
					errs <- fmt.Errorf("%v: %w", got, errors.Join(errors.New("want another"), err))
					return
				}
				if i == 100 && n == 0 {
					eventcore.MustRegister[reading](r, "reading")
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	_, _, err := r.Encode(reading(1))
	require.NoError(t, err)
}

// TestNoRegistrationIsLostToAnother registers from many goroutines at once.
func TestNoRegistrationIsLostToAnother(t *testing.T) {
	registrations := []func(*eventcore.Registry, string) error{
		eventcore.Register[[1]int], eventcore.Register[[2]int], eventcore.Register[[3]int], eventcore.Register[[4]int],
		eventcore.Register[[5]int], eventcore.Register[[6]int], eventcore.Register[[7]int], eventcore.Register[[8]int],
	}
	for range 100 {
		r, errs := eventcore.NewRegistry(), make([]error, len(registrations))
		var wg sync.WaitGroup
		for n, register := range registrations {
			wg.Go(func() { errs[n] = register(r, fmt.Sprint(n)) })
		}
		wg.Wait()
		for n := range registrations {
			require.NoError(t, errs[n])
			_, err := r.Decode(fmt.Sprint(n), json.RawMessage(`[1]`))
			require.NoError(t, err)
		}
	}
}

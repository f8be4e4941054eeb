package eventcore_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// emitted executes a command that emits an event and returns that, or the error.
func emitted(t *testing.T, store *memory.Store, opts ...eventcore.Option) (eventcore.Recorded, error) {
	t.Helper()
	c := &trailing{streams: ids("a"), emits: []eventcore.Emit[scriptEvent]{eventcore.To[scriptEvent](ids("a")[0], added{N: 1})}}
	done, err := eventcore.Execute(t.Context(), store, c, append(opts, eventcore.WithCodec(trailCodec()))...)
	if err != nil {
		return eventcore.Recorded{}, err
	}
	for e, err := range store.ReadStream(t.Context(), ids("a")[0], done.Read[0].Version) {
		return e, err
	}
	require.FailNow(t, "nothing was appended")
	return eventcore.Recorded{}, nil
}

func TestIDsOfCausesAreInTheMetadata(t *testing.T) {
	for name, tc := range map[string]struct {
		opts []eventcore.Option
		want string
	}{
		"none":        {nil, ""},
		"correlation": {[]eventcore.Option{eventcore.WithCorrelationID("request 7")}, `{"correlation_id":"request 7"}`},
		"both":        {[]eventcore.Option{eventcore.WithCausationID("b"), eventcore.WithCorrelationID(`"a"`)}, `{"correlation_id":"\"a\"","causation_id":"b"}`},
		"beside others": {
			[]eventcore.Option{eventcore.WithMetadata(json.RawMessage(` {"user": "x", "n":1e3} `)), eventcore.WithCausationID("b")},
			`{"user": "x", "n":1e3,"causation_id":"b"}`,
		},
		"the same twice": {
			[]eventcore.Option{eventcore.WithMetadata(json.RawMessage(`{"causation_id":"b"}`)), eventcore.WithCausationID("b")},
			`{"causation_id":"b"}`,
		},
		"beside nothing": {[]eventcore.Option{eventcore.WithMetadata(json.RawMessage(`{ }`)), eventcore.WithCausationID("b")}, `{"causation_id":"b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := emitted(t, memory.New(memory.Config{}), tc.opts...)
			require.NoError(t, err)
			require.Equal(t, tc.want, string(e.Metadata))
		})
	}
}

func TestMetadataThatCannotHaveTheIDsIsAnError(t *testing.T) {
	for metadata, want := range map[string]string{
		`[1]`:                     "it is not an object",
		`null`:                    "it is not an object",
		`{"correlation_id":"x"}`:  `it says "x" there already`,
		`{"correlation_id":null}`: `it says null there already`,
	} {
		_, err := emitted(t, memory.New(memory.Config{}), eventcore.WithMetadata(json.RawMessage(metadata)), eventcore.WithCorrelationID("y"))
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "eventcore: execute: ")
	}
}

func TestAnEventHandsItsCorrelationOn(t *testing.T) {
	store := memory.New(memory.Config{})
	first, err := emitted(t, store)
	require.NoError(t, err)
	second, err := emitted(t, store, eventcore.CausedBy(&first))
	require.NoError(t, err)
	third, err := emitted(t, store, eventcore.CausedBy(&second))
	require.NoError(t, err)

	got, err := eventcore.CausalityOf(second.Metadata)
	require.NoError(t, err)
	require.Equal(t, eventcore.Causality{CorrelationID: first.ID.String(), CausationID: first.ID.String()}, got, "it begins a correlation")
	got, err = eventcore.CausalityOf(third.Metadata)
	require.NoError(t, err)
	require.Equal(t, eventcore.Causality{CorrelationID: first.ID.String(), CausationID: second.ID.String()}, got)
}

func TestCausalityOfAnyMetadata(t *testing.T) {
	for _, metadata := range []string{"", "null", "[]", `"x"`, "{}", `{"user":1}`} {
		got, err := eventcore.CausalityOf(json.RawMessage(metadata))
		require.NoError(t, err, metadata)
		require.Zero(t, got)
	}
	_, err := eventcore.CausalityOf(json.RawMessage(`{"correlation_id":7}`))
	require.ErrorContains(t, err, "eventcore: metadata: ")
}

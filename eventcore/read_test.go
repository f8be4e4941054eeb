package eventcore_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestReadDecodesInStreamOrder(t *testing.T) {
	store, codec := memory.New(memory.Config{}), bankRegistry(t)
	record(t, t.Context(), store, newIDs(), streamA, "deposited", `{"amount":5}`, `{"amount":6}`)
	record(t, t.Context(), store, newIDs(), streamA, "withdrawn", `{"amount":1}`)
	for after, want := range [][]bankEvent{
		{deposited{5}, deposited{6}, withdrawn{1}}, {deposited{6}, withdrawn{1}}, {withdrawn{1}}, nil, nil,
	} {
		var got []bankEvent
		for e, err := range eventcore.Read[bankEvent](t.Context(), store, codec, streamA, eventcore.Version(after)) {
			require.NoError(t, err)
			got = append(got, e.Payload)
			require.Equal(t, streamA, e.Stream)
			require.Equal(t, eventcore.Version(after+len(got)), e.Version)
			require.NotEmpty(t, e.Data)
		}
		require.Equal(t, want, got)
	}
}

func TestReadYieldsADecodeErrorInItsPlaceAndEnds(t *testing.T) {
	for _, tc := range []struct{ name, typeName, data, err string }{
		{"unknown type", "opened", `{}`, "not registered"},
		{"bad payload", "deposited", `{"amount":"x"}`, "cannot unmarshal"},
		{"another type", "weather", `{"rain":true}`, "it is a eventcore_test.weather, not a eventcore_test.bankEvent"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := &hookedStore{Store: memory.New(memory.Config{})}
			record(t, t.Context(), store, newIDs(), streamA, "deposited", `{"amount":5}`)
			record(t, t.Context(), store, newIDs(), streamA, tc.typeName, tc.data)
			record(t, t.Context(), store, newIDs(), streamA, "deposited", `{"amount":6}`)
			var events []eventcore.Event[bankEvent]
			var errs []error
			for e, err := range eventcore.Read[bankEvent](t.Context(), store, bankRegistry(t), streamA, 0) {
				events, errs = append(events, e), append(errs, err)
			}
			require.Len(t, events, 2)
			require.NoError(t, errs[0])
			require.Equal(t, deposited{5}, events[0].Payload)
			var failed *eventcore.DeserializationFailed
			require.ErrorAs(t, errs[1], &failed)
			require.ErrorContains(t, failed.Err, tc.err)
			require.Equal(t, streamA, failed.Stream)
			require.EqualValues(t, 2, failed.Version)
			require.Equal(t, tc.typeName, failed.Type)
			require.Nil(t, events[1].Payload)
			require.Equal(t, tc.data, string(events[1].Data), "the recorded form is filled in")
			require.EqualValues(t, 2, events[1].Version)
			require.Zero(t, store.open)
		})
	}
}

func TestReadPassesAStoreFailureOn(t *testing.T) {
	cause := errors.New("disk")
	store := &hookedStore{Store: memory.New(memory.Config{}), beforeRead: func(eventcore.StreamID) error { return cause }}
	steps := 0
	for e, err := range eventcore.Read[bankEvent](t.Context(), store, bankRegistry(t), streamA, 0) {
		require.Equal(t, cause, err)
		require.Zero(t, e)
		steps++
	}
	require.Equal(t, 1, steps)
}

func TestBreakingOutOfAReadReleasesTheStore(t *testing.T) {
	store := &hookedStore{Store: memory.New(memory.Config{})}
	record(t, t.Context(), store, newIDs(), streamA, "deposited", `{"amount":5}`, `{"amount":6}`)
	store.reads = nil
	seq := eventcore.Read[bankEvent](t.Context(), store, bankRegistry(t), streamA, 0)
	require.Empty(t, store.reads, "nothing is read before the first step")
	for range 2 { // a sequence can be iterated again
		for e, err := range seq {
			require.NoError(t, err)
			require.Equal(t, 1, store.open)
			require.EqualValues(t, 1, e.Version)
			break
		}
		require.Zero(t, store.open)
	}
	require.Len(t, store.reads, 2)
}

// numberCodec decodes to numbers, with and without an interface value.
type numberCodec struct {
	eventcore.Codec
	err error
}

func (c *numberCodec) DecodeTo(_ string, data json.RawMessage) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	return len(data), nil
}

func TestReadUsesACodecOfItsType(t *testing.T) {
	store := memory.New(memory.Config{})
	record(t, t.Context(), store, newIDs(), streamA, "deposited", `{"amount":5}`)
	read := func(codec eventcore.Codec) (got int, failure error) {
		for e, err := range eventcore.Read[int](t.Context(), store, codec, streamA, 0) {
			got, failure = e.Payload, err
		}
		return got, failure
	}
	got, err := read(&numberCodec{Codec: bankRegistry(t)})
	require.NoError(t, err)
	require.Equal(t, len(`{"amount":5}`), got)
	broken := errors.New("broken")
	_, err = read(&numberCodec{Codec: bankRegistry(t), err: broken})
	require.ErrorIs(t, err, broken)
	var failed *eventcore.DeserializationFailed
	require.ErrorAs(t, err, &failed)
	require.Equal(t, "deposited", failed.Type)
	_, err = read(bankRegistry(t))
	require.ErrorContains(t, err, "not a int", "the type of another codec's events is checked")
}

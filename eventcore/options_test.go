package eventcore_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// deposit pays amounts into an account.
type deposit struct {
	to      eventcore.StreamID
	amounts []int
}

func (c *deposit) Streams() []eventcore.StreamID { return []eventcore.StreamID{c.to} }

func (c *deposit) Apply(balance int, e eventcore.Event[bankEvent]) int {
	return balance + e.Payload.change()
}

func (c *deposit) Handle(int) ([]eventcore.Emit[bankEvent], error) {
	var emits []eventcore.Emit[bankEvent]
	for _, amount := range c.amounts {
		emits = append(emits, eventcore.To[bankEvent](c.to, deposited{amount}))
	}
	return emits, nil
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	codec := eventcore.WithCodec(bankRegistry(t))
	for _, tc := range []struct {
		name string
		opts []eventcore.Option
		err  string
	}{
		{"no codec", nil, "eventcore: execute: there is no codec; pass WithCodec"},
		{"bad metadata", []eventcore.Option{codec, eventcore.WithMetadata(json.RawMessage(`{`))}, "pass one JSON value to WithMetadata"},
		{"bad policy", []eventcore.Option{codec, eventcore.WithRetry(eventcore.Fixed(0, -7))}, "maxRetries is -7"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := &hookedStore{Store: memory.New(memory.Config{})}
			executed, err := eventcore.Execute(t.Context(), store, &deposit{to: streamA}, tc.opts...)
			require.ErrorContains(t, err, tc.err)
			require.Equal(t, eventcore.Executed{Outcome: eventcore.OutcomeNotApplied}, executed)
			require.Empty(t, store.reads)
		})
	}
}

func TestEveryEventGetsTheMetadataAndItsOwnID(t *testing.T) {
	store := memory.New(memory.Config{})
	ids, same := newIDs(), newIDs()
	_, err := eventcore.Execute(t.Context(), store, &deposit{streamA, []int{1, 2, 3}},
		eventcore.WithCodec(bankRegistry(t)), eventcore.WithIDs(ids), eventcore.WithMetadata(json.RawMessage(`{"by":"me"}`)))
	require.NoError(t, err)
	n := 0
	for e, err := range store.ReadStream(t.Context(), streamA, 0) {
		require.NoError(t, err)
		require.Equal(t, same.NewEventID(), e.ID)
		require.JSONEq(t, `{"by":"me"}`, string(e.Metadata))
		n++
	}
	require.Equal(t, 3, n)
}

func TestDefaultsAreTheRealOnes(t *testing.T) {
	store, start := memory.New(memory.Config{}), time.Now()
	for range 2 {
		_, err := eventcore.Execute(t.Context(), store, &deposit{streamA, []int{1}}, eventcore.WithCodec(bankRegistry(t)),
			eventcore.WithClock(nil), eventcore.WithIDs(nil), eventcore.WithRandom(nil), eventcore.WithMetadata(nil))
		require.NoError(t, err)
	}
	seen := map[eventcore.EventID]bool{}
	for e, err := range store.ReadStream(t.Context(), streamA, 0) {
		require.NoError(t, err)
		requireVersion7(t, e.ID)
		require.GreaterOrEqual(t, milliseconds(e.ID), start.UnixMilli())
		require.Empty(t, e.Metadata)
		seen[e.ID] = true
	}
	require.Len(t, seen, 2)
}

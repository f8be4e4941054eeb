package eventcoretest_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/eventcoretest"
)

var _ eventcore.Projector[AccountEvent] = (*eventcoretest.Collector[AccountEvent])(nil)

func event(n int) eventcore.Event[AccountEvent] {
	return eventcore.Event[AccountEvent]{
		Recorded: eventcore.Recorded{Stream: alice, Position: eventcore.NewPosition(0, uint64(n))}, Payload: PaidIn{n},
	}
}

func TestCollectorKeepsEventsInOrder(t *testing.T) {
	refused := errors.New("refused")
	c := &eventcoretest.Collector[AccountEvent]{Refuse: func(e eventcore.Event[AccountEvent]) error {
		if e.Payload == (PaidIn{2}) {
			return refused
		}
		return nil
	}}
	for n := range 4 {
		err := c.Apply(t.Context(), event(n))
		require.Equal(t, n == 2, errors.Is(err, refused))
	}
	require.Equal(t, []AccountEvent{PaidIn{0}, PaidIn{1}, PaidIn{3}}, c.Payloads())
	require.Equal(t, []eventcore.Position{event(0).Position, event(1).Position, event(3).Position}, c.Positions())
	events := c.Events()
	require.Equal(t, []eventcore.Event[AccountEvent]{event(0), event(1), event(3)}, events)
	events[0] = event(9)
	require.Equal(t, event(0), c.Events()[0], "the slice is the caller's")
	c.Reset()
	require.Empty(t, c.Events())
}

func TestCollectorIsSafeForConcurrentUse(t *testing.T) {
	var c eventcoretest.Collector[AccountEvent]
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n := range 100 {
				_ = c.Apply(t.Context(), event(n))
				_ = c.Payloads()
			}
		})
	}
	wg.Wait()
	require.Len(t, c.Events(), 400)
}

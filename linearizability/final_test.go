package linearizability_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

func TestFinalReadsEveryStreamThatACallNamedOrShowed(t *testing.T) {
	events := threeEvents()
	shown := eventcore.MustStreamID("shown")
	events[2].Stream = shown
	inner := &fakeStreams{events: events, err: &eventcore.VersionConflict{Stream: eventcore.MustStreamID("conflicting")}}
	r := linearizability.NewRecorder(1)
	store := r.Wrap(0, inner)
	_, err := drain(store.ReadStream(t.Context(), eventcore.MustStreamID("read"), 0))
	require.NoError(t, err)
	_, err = store.Append(t.Context(), batchOf(t, 1))
	require.Error(t, err)
	require.NoError(t, r.Final(t.Context(), inner))
	h := r.History()
	var read []string
	for _, op := range h.Operations[2:] {
		require.Equal(t, linearizability.FinalClient, op.Client)
		require.Equal(t, linearizability.ReadStream, op.Kind)
		require.Zero(t, op.After)
		require.Equal(t, op.Seen, seenOf(h.Final.Streams[op.Stream]))
		read = append(read, op.Stream.String())
	}
	require.Equal(t, []string{"a", "b", "conflicting", "read", "shown"}, read)
	require.Len(t, h.Final.Streams, 5)
	require.Nil(t, h.Final.Global)
}

func TestFinalReadsTheGlobalOrderIfThereIsOne(t *testing.T) {
	r := linearizability.NewRecorder(1)
	require.NoError(t, r.Final(t.Context(), &fakeStore{fakeStreams: fakeStreams{events: threeEvents()}}))
	h := r.History()
	require.Equal(t, threeEvents(), h.Final.Global)
	require.Equal(t, threeEvents(), h.Final.Streams[streamA], "also streams that only the global order shows are read")
	require.NoError(t, linearizability.NewRecorder(1).Final(t.Context(), memory.New(memory.Config{})))
	require.Equal(t, linearizability.ReadAll, h.Operations[0].Kind)
}

func TestAnEmptyGlobalOrderIsOne(t *testing.T) {
	r := linearizability.NewRecorder(1)
	require.NoError(t, r.Final(t.Context(), memory.New(memory.Config{})))
	require.NotNil(t, r.History().Final.Global)
	require.Equal(t, linearizability.OK, check(t, r.History()).Verdict)
}

func TestAFinalReadThatFailsLeavesNoVerdict(t *testing.T) {
	r := linearizability.NewRecorder(1)
	err := r.Final(t.Context(), &fakeStore{fakeStreams: fakeStreams{events: threeEvents(), failAfter: 2}})
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "global order")
	require.Nil(t, r.History().Final)
	require.Equal(t, linearizability.Unknown, check(t, r.History()).Verdict)
}

// TestConcurrentClientsOfACorrectStorePass runs clients on goroutines of their own; with
// the race detector it shows that recording shares nothing.
func TestConcurrentClientsOfACorrectStorePass(t *testing.T) {
	const clients, calls = 4, 300
	store := memory.New(memory.Config{})
	r := linearizability.NewRecorder(clients)
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			client := &busyClient{store: r.Wrap(c, store), random: rand.New(rand.NewPCG(3, uint64(c))), ids: c * 1_000_000}
			for range calls {
				client.step(t.Context())
			}
		})
	}
	group.Wait()
	require.NoError(t, r.Final(t.Context(), store))
	h := r.History()
	report := check(t, h)
	require.Equal(t, linearizability.OK, report.Verdict, describe(report, h))
	outcomes := make(map[eventcore.Outcome]int)
	for i := range h.Operations {
		if i > 0 {
			require.Less(t, h.Operations[i-1].Call, h.Operations[i].Call)
		}
		if h.Operations[i].Kind == linearizability.Append {
			outcomes[h.Operations[i].Outcome]++
		}
	}
	require.Greater(t, outcomes[eventcore.OutcomeApplied], calls/2)
}

// busyClient reads and appends at random.
type busyClient struct {
	store  eventcore.Store
	random *rand.Rand
	ids    int
}

func (c *busyClient) step(ctx context.Context) {
	a := eventcore.MustStreamID(fmt.Sprint("s-", c.random.IntN(3)))
	b := eventcore.MustStreamID(fmt.Sprint("s-", c.random.IntN(3)))
	if c.random.IntN(5) == 0 {
		_, _ = drain(c.store.(eventcore.AllReader).ReadAll(ctx, eventcore.Filter{Types: []string{"x"}}, eventcore.Position{}, c.random.IntN(20)))
		return
	}
	var w eventcore.Writes
	for _, id := range []eventcore.StreamID{a, b} {
		version := eventcore.Version(0)
		for e := range c.store.ReadStream(ctx, id, 0) {
			version = e.Version
		}
		if w.Expect(id, version) != nil {
			return // it moved between two reads of one stream
		}
	}
	for range c.random.IntN(3) {
		c.ids++
		if err := w.Append(a, eventcore.Proposed{ID: eventID(c.ids + 1), Type: "x", Data: []byte("1")}); err != nil {
			panic(err)
		}
	}
	_, _ = c.store.Append(ctx, w)
}

// dirtyStore tears appends: what goes to other streams than the first is lost.
type dirtyStore struct{ eventcore.Store }

func (s dirtyStore) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	var w eventcore.Writes
	for _, p := range writes.Participants() {
		if err := w.Expect(p.Stream, p.Expected); err != nil {
			return eventcore.Appended{}, err
		}
	}
	for _, e := range writes.Events() {
		if e.Participant == 0 {
			if err := w.Append(writes.Participants()[0].Stream, e.Event); err != nil {
				return eventcore.Appended{}, err
			}
		}
	}
	_, err := s.Store.Append(ctx, w)
	return eventcore.Appended{}, err
}

func TestARecordedRunOfABrokenStoreIsAViolation(t *testing.T) {
	store := dirtyStore{memory.New(memory.Config{})}
	r := linearizability.NewRecorder(1)
	_, err := r.Wrap(0, store).Append(t.Context(), batchOf(t, 1))
	require.NoError(t, err)
	require.NoError(t, r.Final(t.Context(), store))
	report := check(t, r.History())
	require.Equal(t, linearizability.Violation, report.Verdict)
	require.Equal(t, linearizability.Violation, report.Porcupine)
	require.Contains(t, names(report), linearizability.TornAppend)
}

package performance_test

import (
	"context"
	"encoding/binary"
	"flag"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// silent is a test whose failure is found out and not reported.
type silent struct{ failed bool }

func (s *silent) Helper()               {}
func (s *silent) Name() string          { return "silent" }
func (s *silent) Logf(string, ...any)   {}
func (s *silent) Log(...any)            {}
func (s *silent) Skipf(string, ...any)  { s.SkipNow() }
func (s *silent) Skip(...any)           { s.SkipNow() }
func (s *silent) SkipNow()              { runtime.Goexit() }
func (s *silent) Errorf(string, ...any) { s.failed = true }
func (s *silent) Error(...any)          { s.failed = true }
func (s *silent) Fatalf(string, ...any) { s.FailNow() }
func (s *silent) Fatal(...any)          { s.FailNow() }
func (s *silent) Fail()                 { s.failed = true }
func (s *silent) Failed() bool          { return s.failed }
func (s *silent) FailNow() {
	s.failed = true
	runtime.Goexit()
}

// stateMachine carries out one check of rapid.
func stateMachine(ctx context.Context, t *testing.T, b sim.Backend, bug *mutant.Mutant, _ uint64) bool {
	t.Helper()
	for name, value := range map[string]string{"rapid.checks": "1", "rapid.shrinktime": "0s", "rapid.nofailfile": "true"} {
		require.NoError(t, flag.Set(name, value))
	}
	result := &silent{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		rapid.Check(result, func(r *rapid.T) {
			store, err := b.Open(ctx, sim.Env{Clock: eventcore.SystemClock{}})
			require.NoError(r, err)
			if bug != nil {
				store = bug.Wrap(store)
			}
			m := &model{ctx: ctx, store: store, streams: make(map[eventcore.StreamID][]eventcore.EventID)}
			r.Repeat(map[string]func(*rapid.T){"append": m.append, "read": m.read, "all": m.readAll})
		})
	}()
	<-done
	return result.failed && ctx.Err() == nil
}

// model is what a store must do for one client.
type model struct {
	ctx     context.Context
	store   eventcore.Store
	streams map[eventcore.StreamID][]eventcore.EventID
	all     []eventcore.EventID
	ids     uint16
}

func streamNames() []eventcore.StreamID {
	return []eventcore.StreamID{eventcore.MustStreamID("a"), eventcore.MustStreamID("b"), eventcore.MustStreamID("c")}
}

func (m *model) append(r *rapid.T) {
	streams := rapid.Permutation(streamNames()).Draw(r, "streams")[:rapid.IntRange(1, 3).Draw(r, "number")]
	var w eventcore.Writes
	var conflict bool
	added := make(map[eventcore.StreamID][]eventcore.EventID)
	var order []eventcore.EventID
	for _, id := range streams {
		version := len(m.streams[id])
		expected := max(0, version-rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(r, "stale"))
		conflict = conflict || expected != version
		require.NoError(r, w.Expect(id, eventcore.Version(expected)))
		for range rapid.IntRange(0, 2).Draw(r, "events") {
			m.ids++
			// Some bugs strike by the ID.
			event := eventcore.Proposed{ID: eventcore.EventID{14: byte(m.ids >> 8), 15: byte(m.ids)}, Type: "t", Data: []byte("{}")}
			binary.BigEndian.PutUint64(event.ID[:], rapid.Uint64().Draw(r, "id"))
			require.NoError(r, w.Append(id, event))
			added[id], order = append(added[id], event.ID), append(order, event.ID)
		}
	}
	done, err := m.store.Append(m.ctx, w)
	if conflict {
		require.ErrorIs(r, err, eventcore.ErrVersionConflict)
		return
	}
	require.NoError(r, err)
	for id, events := range added {
		m.streams[id] = append(m.streams[id], events...)
	}
	m.all = append(m.all, order...)
	require.Len(r, done.Streams, len(added))
	for _, s := range done.Streams {
		require.Len(r, m.streams[s.Stream], int(s.Version))
	}
}

func (m *model) read(r *rapid.T) {
	id := rapid.SampledFrom(streamNames()).Draw(r, "stream")
	after := rapid.IntRange(0, len(m.streams[id])).Draw(r, "after")
	var seen []eventcore.EventID
	for event, err := range m.store.ReadStream(m.ctx, id, eventcore.Version(after)) {
		require.NoError(r, err)
		require.Equal(r, eventcore.Version(after+len(seen)+1), event.Version)
		seen = append(seen, event.ID)
	}
	require.True(r, slices.Equal(m.streams[id][after:], seen))
}

func (m *model) readAll(r *rapid.T) {
	reader, ok := m.store.(eventcore.AllReader)
	require.True(r, ok)
	var seen []eventcore.EventID
	for event, err := range reader.ReadAll(m.ctx, eventcore.Filter{}, eventcore.Position{}, 0) {
		require.NoError(r, err)
		seen = append(seen, event.ID)
	}
	require.True(r, slices.Equal(m.all, seen))
}

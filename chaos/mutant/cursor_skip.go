package mutant

import (
	"context"
	"maps"
	"math"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// cursorSkip is what a store does that draws positions from a sequence: the
// number is taken at the insert and seen from the commit on, so that who commits
// first is seen first, whatever the numbers. Only the global order is concerned;
// every second append commits late, so that others overtake it.
func cursorSkip() Mutant {
	return Mutant{
		Name:  "cursor-skip",
		Doc:   "An append gets its positions before the global order shows its events, so that a cursor passes over them.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			m := &lateCommits{hidden: make(map[eventcore.EventID]struct{})}
			return plant(inner, bug{append: m.append, readAll: m.readAll})
		},
	}
}

type lateCommits struct {
	mu sync.Mutex
	// hidden are the events that have positions and are not committed.
	hidden map[eventcore.EventID]struct{}
}

func (m *lateCommits) append(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	if !rare("cursor-skip", writes, 2) {
		return inner.Append(ctx, writes)
	}
	m.update(writes, func(id eventcore.EventID) { m.hidden[id] = struct{}{} })
	defer m.update(writes, func(id eventcore.EventID) { delete(m.hidden, id) })
	result, err := inner.Append(ctx, writes)
	// The window is some steps wide: another append and a global read must both
	// get into it.
	for range 4 {
		yield.Point(ctx, "mutant: between position and commit")
	}
	return result, err
}

func (m *lateCommits) update(writes eventcore.Writes, change func(eventcore.EventID)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range writes.Events() {
		change(w.Event.ID)
	}
}

func (m *lateCommits) readAll(ctx context.Context, inner eventcore.AllReader, filter eventcore.Filter, after eventcore.Position, limit int) events {
	return func(yield func(eventcore.Recorded, error) bool) {
		m.mu.Lock()
		hidden := maps.Clone(m.hidden)
		m.mu.Unlock()
		n, wider := 0, limit
		if limit > 0 {
			// What is hidden does not count against the limit.
			wider = min(limit, math.MaxInt-len(hidden)) + len(hidden)
		}
		for event, err := range inner.ReadAll(ctx, filter, after, wider) {
			if _, uncommitted := hidden[event.ID]; uncommitted {
				continue
			}
			if !yield(event, err) {
				return
			}
			if n++; n == limit {
				return
			}
		}
	}
}

package mutant

import (
	"context"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// lostAppend checks the versions as it should, so that what it acknowledges is
// what a store that forgot to commit would.
func lostAppend() Mutant {
	return Mutant{
		Name:  "lost-append",
		Doc:   "One append in 16 is acknowledged without having been recorded.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			m := &lastPosition{}
			return plant(inner, bug{append: m.append})
		},
	}
}

// lastPosition follows the global order, for acknowledgements that look right.
type lastPosition struct {
	mu   sync.Mutex
	last eventcore.Position
}

func (m *lastPosition) append(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	if !rare("lost-append", writes, 16) {
		result, err := inner.Append(ctx, writes)
		m.seen(result.Last)
		return result, err
	}
	check, err := edit(writes, asExpected, noEvent)
	if err != nil {
		return eventcore.Appended{}, err
	}
	if result, err := inner.Append(ctx, check); err != nil {
		return result, err
	}
	result := eventcore.Appended{Last: m.next(len(writes.Events()))}
	for _, p := range written(writes) {
		result.Streams = append(result.Streams, eventcore.StreamVersion{
			Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events),
		})
	}
	return result, nil
}

func (m *lastPosition) seen(p eventcore.Position) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.Compare(m.last) > 0 {
		m.last = p
	}
}

// next returns the position n places on, zero where the store has shown none.
func (m *lastPosition) next(n int) eventcore.Position {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last.IsZero() {
		return m.last
	}
	hi, lo := m.last.Parts()
	return eventcore.NewPosition(hi, lo+uint64(n))
}

package sqlite

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

// newGroups returns the queue of the appends that wait for the writer.
func newGroups(cfg Config) *groupcommit.Queue[*pending] {
	return groupcommit.New[*pending](groupcommit.Config{Name: "sqlite: append", Calls: cfg.MaxGroup, Size: groupcommit.MostBytes})
}

// pending is an append on its way.
type pending struct {
	writes *eventcore.Writes
	now    int64
	// last is the position of the last event, if err is nil.
	last int64
	// refused is why its statements wrote nothing. It is the result once the group has ended:
	// before, what it was found to conflict with may still be rolled back.
	refused error
	err     error
}

// Size implements [groupcommit.Call].
func (p *pending) Size() int { return groupcommit.SizeOf(p.writes) }

// together carries out an append, with others that wait. It returns an error if nothing was
// begun.
func (s *Store) together(ctx context.Context, own *pending) error {
	return s.groups.Do(ctx, own, func(take func() (context.Context, []*pending)) (again bool) {
		on, err := s.writer.get(ctx)
		if err != nil {
			own.err = notApplied(err)
			return false
		}
		t := transaction{store: s, on: on}
		defer t.end(ctx)
		if err := t.begin(ctx); err != nil {
			own.err = notApplied(err)
			return false
		}
		ctx, group := take()
		err = t.run(ctx, group)
		if err != nil && len(group) > 1 && eventcore.OutcomeOf(err) == eventcore.OutcomeNotApplied {
			return true
		}
		for _, p := range group {
			if p.err = err; err == nil {
				p.err = p.refused
			}
		}
		return false
	})
}

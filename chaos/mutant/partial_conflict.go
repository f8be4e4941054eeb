package mutant

import (
	"context"
	"errors"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// partialConflict is what a store does that writes stream by stream and returns at
// the first conflict without rolling back.
func partialConflict() Mutant {
	return Mutant{
		Name:  "partial-conflict",
		Doc:   "A conflict on a later stream of a batch leaves the events of the first stream behind.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{append: appendPartly})
		},
	}
}

func appendPartly(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	result, err := inner.Append(ctx, writes)
	conflict, ok := asConflict(err)
	if !ok {
		return result, err
	}
	first, ok := writtenBefore(writes, conflict.Stream)
	if !ok {
		return result, err
	}
	part, failed := edit(writes, func(p eventcore.Participant) (eventcore.Version, bool) {
		return p.Expected, p.Stream == first
	}, anyEvent)
	if failed == nil {
		// Where the first stream has moved too nothing is left behind.
		_, _ = inner.Append(ctx, part)
	}
	return result, err
}

// writtenBefore returns the first stream that the batch writes to, if it comes
// before another one.
func writtenBefore(writes eventcore.Writes, other eventcore.StreamID) (eventcore.StreamID, bool) {
	for _, p := range writes.Participants() {
		if p.Stream == other {
			break
		}
		if p.Events > 0 {
			return p.Stream, true
		}
	}
	return eventcore.StreamID{}, false
}

func asConflict(err error) (*eventcore.VersionConflict, bool) {
	return errors.AsType[*eventcore.VersionConflict](err)
}

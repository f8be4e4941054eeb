package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

// Append implements [eventcore.Store]. A failure of the disk at the commit has an
// unknown outcome: SQLite then takes the transaction back, but what has reached the
// log may be found there after a crash.
func (s *Store) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	// The clock is the caller's code: it must not run under the lock.
	now, err := nanoseconds(s.cfg.Clock.Now())
	if err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	p := &pending{writes: &writes, now: now, err: inDoubt(groupcommit.ErrGivenUp)}
	if err := s.together(ctx, p); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	if p.err != nil {
		return eventcore.Appended{}, p.err
	}
	return appended(&writes, p.last), nil
}

// nanoseconds returns a time as it is stored.
func nanoseconds(now time.Time) (int64, error) {
	stored := now.UnixNano()
	if !time.Unix(0, stored).Equal(now) {
		return 0, fmt.Errorf("the clock shows %v; events can be recorded from the year 1678 to 2261", now)
	}
	return stored, nil
}

// appended returns the result of a batch whose last event has that position.
func appended(writes *eventcore.Writes, last int64) eventcore.Appended {
	if len(writes.Events()) == 0 {
		return eventcore.Appended{}
	}
	participants := writes.Participants()
	streams := make([]eventcore.StreamVersion, 0, len(participants))
	for i := range participants {
		if p := &participants[i]; p.Events > 0 {
			streams = append(streams, eventcore.StreamVersion{
				Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events),
			})
		}
	}
	return eventcore.Appended{Streams: streams, Last: eventcore.NewPosition(0, uint64(last))}
}

// notApplied is the failure of an append that came to nothing.
func notApplied(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
}

// inDoubt is the failure of an append that may have been applied.
func inDoubt(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeUnknown, Err: err}
}

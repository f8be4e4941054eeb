package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	// IMMEDIATE takes the write lock at once: a transaction that read first would be
	// refused when it comes to write after another one has.
	begin    = "BEGIN IMMEDIATE"
	commit   = "COMMIT"
	rollback = "ROLLBACK"
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
	on, err := s.writer.get(ctx)
	if err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	t := transaction{store: s, on: on}
	defer t.end(ctx)
	last, err := t.run(ctx, &writes, now)
	if err != nil {
		return eventcore.Appended{}, err
	}
	return appended(&writes, last), nil
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

// transaction is an append while it has the writer.
type transaction struct {
	store *Store
	on    *session
	// began: there may be something to roll back.
	began bool
}

// run does the append and returns the position of its last event.
func (t *transaction) run(ctx context.Context, writes *eventcore.Writes, now int64) (int64, error) {
	if err := t.store.begin(ctx, t.on); err != nil {
		return 0, notApplied(err)
	}
	t.began = true
	last, err := check(ctx, t.on, writes.Participants())
	if err != nil {
		return 0, refused(err)
	}
	if err := insert(ctx, t.on, writes, last, now); err != nil {
		return 0, notApplied(err)
	}
	// The last moment at which it is certain that nothing happens.
	if err := ctx.Err(); err != nil {
		return 0, notApplied(err)
	}
	return last + int64(len(writes.Events())), t.commit(ctx)
}

// begin waits for the write lock.
func (s *Store) begin(ctx context.Context, on *session) error {
	return s.whileBusy(ctx, func() error { return on.exec(ctx, begin) })
}

// commit commits, or returns an error that says as much as is known.
func (t *transaction) commit(ctx context.Context) error {
	var last error
	waited := t.store.whileBusy(ctx, func() error {
		last = t.on.exec(ctx, commit)
		return last
	})
	if last == nil {
		t.began = false
		return nil
	}
	// A commit that found the database locked leaves the transaction as it was. Once
	// that is rolled back, and only then, it is certain that nothing was applied.
	if isBusy(last) && t.on.exec(ctx, rollback) == nil {
		t.began = false
		return notApplied(waited)
	}
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeUnknown, Err: waited}
}

// end rolls back what was not committed and gives the session back. It also runs when
// a simulated task is taken down in the middle.
func (t *transaction) end(ctx context.Context) {
	broken := t.began && t.on.exec(ctx, rollback) != nil
	// Without its connection a database in memory would be lost with all its events.
	if broken && !t.store.memory {
		t.store.writer.drop(t.on)
		return
	}
	t.store.writer.put(t.on)
}

// refused leaves a version conflict as it is.
func refused(err error) error {
	if errors.Is(err, eventcore.ErrVersionConflict) {
		return err
	}
	return notApplied(err)
}

// notApplied is the failure of an append that came to nothing.
func notApplied(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
}

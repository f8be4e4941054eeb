package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

const (
	// lockHead comes as a statement of its own, so that the one after it sees all that
	// was committed before the lock was given.
	lockHead = "SELECT position FROM eventcore_head FOR UPDATE"

	// findConflict finds the first participant ($1, $2) that has another version.
	findConflict = `
SELECT nr, actual FROM (
    SELECT nr, version, coalesce((
        SELECT max(e.version) FROM eventcore_events AS e WHERE e.stream_id = p.stream_id
    ), 0) AS actual
    FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[])) WITH ORDINALITY AS p (stream_id, version, nr)
) AS found WHERE actual <> version ORDER BY nr LIMIT 1`
)

// Append implements [eventcore.Store]. It takes one round trip. Failures of
// serialization and deadlocks, which only stricter isolation levels and other engines
// have, are a [*eventcore.VersionConflict] that does not know the version. Synchronous
// commit is as the server, the role or the connection string sets it: where it is off,
// a crash of the server may undo the last appends that were acknowledged.
func (s *Store) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	if err := checkTypes(&writes); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	// The clock is the caller's code: it must not run while a connection is held.
	now := s.cfg.Clock.Now()
	p := &pending{writes: &writes, now: now, err: inDoubt(groupcommit.ErrGivenUp)}
	carryOut := s.together
	if len(writes.Events()) == 0 {
		carryOut = s.checkOnly
	}
	if err := carryOut(ctx, p); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	return p.result(ctx)
}

// result is what the append returns.
func (p *pending) result(ctx context.Context) (eventcore.Appended, error) {
	if p.ended && ctx.Err() == nil {
		// Who looks for the end of a context would take it for that of its own.
		return eventcore.Appended{}, inDoubt(errors.New("the context of an append that was sent together with it has ended: " + p.err.Error()))
	}
	if p.err != nil {
		return eventcore.Appended{}, p.err
	}
	if p.found.nr > 0 {
		moved := &p.writes.Participants()[p.found.nr-1]
		return eventcore.Appended{}, &eventcore.VersionConflict{
			Stream: moved.Stream, Expected: moved.Expected, Actual: eventcore.Version(p.found.actual),
		}
	}
	return appended(p.writes, p.found.before), nil
}

// acquire takes a connection out of the pool.
func (s *Store) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	if s.closed.Load() {
		return nil, ErrClosed
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil && s.closed.Load() {
		return nil, ErrClosed
	}
	return conn, err
}

// outcome is what the server found.
type outcome struct {
	// before is the position before the first event.
	before int64
	// nr is the participant, counted from 1, that is at another version; 0: none.
	nr, actual int64
}

// checkOnly checks the participants of a batch without events, which waits for nobody.
func (s *Store) checkOnly(ctx context.Context, p *pending) error {
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if p.err = p.check(ctx, conn); p.err != nil {
		p.err = failed(ctx, p.writes, p.err)
	}
	return nil
}

func (p *pending) check(ctx context.Context, conn *pgxpool.Conn) error {
	streams, versions := expectations(p.writes)
	rows, err := conn.Query(ctx, findConflict, streams, versions)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&p.found.nr, &p.found.actual); err != nil {
			return err
		}
	}
	return rows.Err()
}

// expectations returns the participants as the statements take them.
func expectations(writes *eventcore.Writes) (streams []string, versions []int64) {
	participants := writes.Participants()
	streams, versions = make([]string, len(participants)), make([]int64, len(participants))
	for i := range participants {
		streams[i] = participants[i].Stream.String()
		versions[i] = column(uint64(participants[i].Expected))
	}
	return streams, versions
}

// column returns a number as it is stored. No event has the largest one, which stands for
// all that are too large.
func column(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

// checkTypes refuses what the column cannot hold.
func checkTypes(writes *eventcore.Writes) error {
	events := writes.Events()
	for i := range events {
		if t := events[i].Event.Type; !isText(t) {
			return fmt.Errorf("the type %q of event %s is not a text that PostgreSQL can hold; use valid UTF-8 without NUL", t, events[i].Event.ID)
		}
	}
	return nil
}

// appended returns the result of a batch whose first event follows that position.
func appended(writes *eventcore.Writes, before int64) eventcore.Appended {
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
	last := uint64(before) + uint64(len(writes.Events()))
	return eventcore.Appended{Streams: streams, Last: eventcore.NewPosition(0, last)}
}

package sqlstep_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// stranger is a backend as a third party might write it. It knows nothing of the
// simulator.
type stranger struct {
	db *sql.DB
	// split checks the versions outside of the transaction that inserts.
	split bool
	// piecemeal has no transaction at all.
	piecemeal bool
	// snapshot reads streams in a transaction, event by event.
	snapshot bool
	// obstinate appends again and again, without a pause, until the database does as it is told.
	obstinate bool
	// keeps has it do so on one connection, as long as that is good.
	keeps bool
}

const strangersTables = `
CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, id BLOB NOT NULL,
	type TEXT NOT NULL, data BLOB NOT NULL);
CREATE INDEX by_stream ON events (stream, version)`

// querier is a pool or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *stranger) Append(ctx context.Context, writes eventcore.Writes) (done eventcore.Appended, err error) {
	for {
		done, err = s.append(ctx, writes)
		if _, failed := errors.AsType[*eventcore.StoreFailure](err); !failed || !s.obstinate || ctx.Err() != nil {
			return done, err
		}
	}
}

func (s *stranger) append(ctx context.Context, writes eventcore.Writes) (done eventcore.Appended, err error) {
	if s.piecemeal {
		return s.write(ctx, s.db, &writes, true)
	}
	if s.split {
		if err := s.check(ctx, s.db, &writes); err != nil {
			return done, err
		}
	}
	tx, free, err := s.begin(ctx)
	if err != nil {
		return done, notApplied(err)
	}
	defer free()
	defer func() { _ = tx.Rollback() }()
	if done, err = s.write(ctx, tx, &writes, !s.split); err != nil {
		return done, err
	}
	if err := tx.Commit(); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	return done, nil
}

// begin begins a transaction. The caller calls free when it is over.
func (s *stranger) begin(ctx context.Context) (tx *sql.Tx, free func(), err error) {
	if !s.keeps {
		tx, err = s.db.BeginTx(ctx, nil)
		return tx, func() {}, err
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	free = func() { _ = conn.Close() } // it may be gone
	for {
		tx, err = conn.BeginTx(ctx, nil)
		switch {
		case err == nil:
			return tx, free, nil
		case ctx.Err() != nil, errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
			free()
			return nil, nil, err
		}
	}
}

// write checks the versions, if it is to, and inserts.
func (s *stranger) write(ctx context.Context, on querier, writes *eventcore.Writes, check bool) (done eventcore.Appended, err error) {
	if check {
		if err := s.check(ctx, on, writes); err != nil {
			return done, err
		}
	}
	if done, err = insert(ctx, on, writes); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	return done, nil
}

func notApplied(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
}

// check checks the versions of the participants.
func (s *stranger) check(ctx context.Context, on querier, writes *eventcore.Writes) error {
	for _, p := range writes.Participants() {
		var actual eventcore.Version
		err := on.QueryRowContext(ctx, "SELECT ifnull(max(version), 0) FROM events WHERE stream = ?", p.Stream.String()).Scan(&actual)
		if err != nil {
			return notApplied(err)
		}
		if actual != p.Expected {
			return &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
		}
	}
	return nil
}

// insert writes the events, whose positions SQLite gives.
func insert(ctx context.Context, on querier, writes *eventcore.Writes) (done eventcore.Appended, err error) {
	versions := make([]eventcore.Version, len(writes.Participants()))
	for _, w := range writes.Events() {
		p := writes.Participants()[w.Participant]
		versions[w.Participant]++
		result, err := on.ExecContext(ctx, "INSERT INTO events (stream, version, id, type, data) VALUES (?, ?, ?, ?, ?)", p.Stream.String(),
			int64(p.Expected+versions[w.Participant]), w.Event.ID[:], w.Event.Type, []byte(w.Event.Data))
		if err != nil {
			return done, err
		}
		position, err := result.LastInsertId()
		if err != nil {
			return done, err
		}
		done.Last = eventcore.NewPosition(0, uint64(position))
	}
	for i, p := range writes.Participants() {
		if p.Events > 0 {
			done.Streams = append(done.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: p.Expected + versions[i]})
		}
	}
	return done, nil
}

const selectEvents = "SELECT position, stream, version, id, type, data FROM events WHERE stream = ? AND version > ? ORDER BY version"

func (s *stranger) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	if s.snapshot {
		return s.readInSnapshot(ctx, id, after)
	}
	// All rows at once, as many a store does.
	return func(yield func(eventcore.Recorded, error) bool) {
		rows, err := s.db.QueryContext(ctx, selectEvents, id.String(), int64(after))
		if err != nil {
			yield(eventcore.Recorded{}, failedRead(err))
			return
		}
		var all []eventcore.Recorded
		err = scan(rows, func(e eventcore.Recorded) bool { all = append(all, e); return true })
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(eventcore.Recorded{}, failedRead(err))
		}
	}
}

// readInSnapshot holds a transaction open as long as the consumer runs.
func (s *stranger) readInSnapshot(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			yield(eventcore.Recorded{}, failedRead(err))
			return
		}
		defer func() { _ = tx.Rollback() }()
		rows, err := tx.QueryContext(ctx, selectEvents, id.String(), int64(after))
		if err != nil {
			yield(eventcore.Recorded{}, failedRead(err))
			return
		}
		more := true
		err = scan(rows, func(e eventcore.Recorded) bool { more = yield(e, nil); return more })
		if err != nil && more {
			yield(eventcore.Recorded{}, failedRead(err))
		}
	}
}

func failedRead(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpReadStream, Err: err}
}

// scan reads rows until there is no more, or no more is wanted.
func scan(rows *sql.Rows, each func(eventcore.Recorded) bool) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e eventcore.Recorded
		var stream string
		var position, version int64
		var id, data []byte
		if err := rows.Scan(&position, &stream, &version, &id, &e.Type, &data); err != nil {
			return err
		}
		var err error
		if e.Stream, err = eventcore.ParseStreamID(stream); err != nil {
			return err
		}
		e.ID, e.Version, e.Data = eventcore.EventID(id), eventcore.Version(version), data
		e.Position, e.RecordedAt = eventcore.NewPosition(0, uint64(position)), time.Unix(0, 0)
		if !each(e) {
			return nil
		}
	}
	return rows.Err()
}

// source returns the driver's name of a database file.
func source(path string, parameters ...string) string {
	return fmt.Sprintf("file:%s?%s", path, strings.Join(parameters, "&"))
}

const (
	wal       = "_pragma=journal_mode(WAL)"
	noSync    = "_pragma=synchronous(OFF)"
	patient   = "_pragma=busy_timeout(5000)"
	immediate = "_txlock=immediate"
	journal   = "_pragma=journal_mode(DELETE)"
)

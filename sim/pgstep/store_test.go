package pgstep_test

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// stranger is a backend as a third party might write it: a transaction of many
// statements that locks the streams' rows. It knows nothing of the simulator.
type stranger struct {
	pool *pgxpool.Pool
	// unordered locks the streams in the order of the batch, so that appends deadlock.
	unordered bool
	// trusting does not lock the streams that a batch only reads.
	trusting bool
	// piecemeal commits each statement by itself, under a lock that readers take too: nobody
	// sees the middle of an append, unless its session ends there.
	piecemeal bool
	// sure reports an append as not applied when its connection is lost, whenever that is.
	sure bool
	// insisting sends an append again when its connection is lost, and does not look whether
	// the first one was applied.
	insisting bool
	// obstinate sends an append again and again, without a pause, until its connection is not lost.
	obstinate bool
	// clinging keeps its connections, those that are broken too. mending has it make another one for
	// each of those.
	clinging bool
	mending  bool
	kept     []*pgx.Conn
	// discouraged remembers that a connection could not be made, as one does that connects in a
	// sync.OnceValues, and does not try again.
	discouraged bool
	down        error
	// careless gives a connection back in the middle of a transaction that fails, for the pool
	// to close.
	careless bool
	// vainly is how often it uses a connection that is lost before it rolls back.
	vainly int
	// lazy hands events out as their rows come.
	lazy bool
	// pinged has its pool try each connection before it gives it out.
	pinged bool
	// copying claims versions and writes events by COPY, and locks no rows of streams it writes
	// to: whose claim is not the first waits for the one that is.
	copying bool
	// bulky has it copy more than the system keeps of what a server has not read yet.
	bulky bool
	// recopying copies its events again when its connection is lost meanwhile: on another one, and
	// so outside of the transaction that they belong to.
	recopying bool
	// audit has it keep a row of each append, by a COPY that is sent again when its connection is
	// lost, and counts the rows that are there twice when it is closed. nil: it keeps none.
	audit *int
	// deadlocks counts those that the server broke.
	deadlocks *int
}

const strangersTables = `
CREATE TABLE streams (id text PRIMARY KEY, version bigint NOT NULL);
CREATE TABLE head (position bigint NOT NULL);
INSERT INTO head VALUES (0);
CREATE TABLE events (position bigint PRIMARY KEY, stream text NOT NULL, version bigint NOT NULL, id uuid NOT NULL,
	type text NOT NULL, data text NOT NULL, at timestamptz NOT NULL, UNIQUE (stream, version))`

func (s *stranger) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	done, err := s.append(ctx, writes)
	if s.audit != nil && err == nil && len(writes.Events()) > 0 {
		err = s.note(ctx, writes.Events()[0].Event.ID)
	}
	if s.insisting && isLoss(err) {
		done, err = s.append(ctx, writes)
	}
	for s.obstinate && isLoss(err) && ctx.Err() == nil {
		done, err = s.append(ctx, writes)
	}
	if s.sure && isLoss(err) {
		err = &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
	}
	return done, err
}

// isLoss says whether the server gave no answer.
func isLoss(err error) bool {
	_, refused := errors.AsType[*pgconn.PgError](err)
	_, conflict := errors.AsType[*eventcore.VersionConflict](err)
	return err != nil && !refused && !conflict
}

func (s *stranger) append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	var done eventcore.Appended
	if s.down != nil {
		return done, s.down
	}
	err := s.begin(ctx, func(tx querier) error {
		if err := s.check(ctx, tx, slices.Clone(writes.Participants())); err != nil {
			return err
		}
		var err error
		done, err = s.write(ctx, tx, &writes)
		return err
	})
	if _, refused := errors.AsType[*pgconn.ConnectError](err); refused {
		err = &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
		if s.discouraged {
			s.down = err
		}
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && (refused.Code == "40P01" || refused.Code == "40001" || refused.Code == "23505") {
		if refused.Code == "40P01" {
			*s.deadlocks++
		}
		p := writes.Participants()[0]
		return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, ActualUnknown: true}
	}
	return done, err
}

// querier is a transaction or a connection without one.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
}

func (s *stranger) begin(ctx context.Context, do func(querier) error) error {
	if s.piecemeal {
		return s.locked(ctx, "pg_advisory_lock", "pg_advisory_unlock", do)
	}
	if s.clinging {
		conn, err := s.take(ctx)
		if err != nil {
			return err
		}
		defer func() { s.kept = append(s.kept, conn) }()
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return do(tx) })
	}
	if s.careless {
		return s.carelessly(ctx, do)
	}
	if s.vainly > 0 {
		return s.inVain(ctx, do)
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return do(tx) })
}

// inVain calls do in a transaction, and goes on with that where its connection is lost.
func (s *stranger) inVain(ctx context.Context, do func(querier) error) error {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if err := do(tx); err != nil {
		for i := 0; i < s.vainly && tx.Conn().IsClosed(); i++ {
			_, _ = tx.Exec(ctx, "SELECT 1")
		}
		return err
	}
	return tx.Commit(ctx)
}

// carelessly calls do in a transaction that is not rolled back where that fails.
func (s *stranger) carelessly(ctx context.Context, do func(querier) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// take returns a connection that was kept, or a new one.
func (s *stranger) take(ctx context.Context) (*pgx.Conn, error) {
	if n := len(s.kept); n > 0 {
		conn := s.kept[n-1]
		s.kept = s.kept[:n-1]
		if !s.mending || !conn.IsClosed() {
			return conn, nil
		}
	}
	return pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
}

// locked calls do under a lock of the session.
func (s *stranger) locked(ctx context.Context, lock, unlock string, do func(querier) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT "+lock+"(hashtext(current_schema()))"); err != nil {
		return err
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT "+unlock+"(hashtext(current_schema()))") }()
	return do(conn)
}

func (s *stranger) check(ctx context.Context, tx querier, participants []eventcore.Participant) error {
	if !s.unordered {
		slices.SortFunc(participants, func(a, b eventcore.Participant) int { return cmp.Compare(a.Stream.String(), b.Stream.String()) })
	}
	for _, p := range participants {
		if _, err := tx.Exec(ctx, "INSERT INTO streams VALUES ($1, 0) ON CONFLICT DO NOTHING", p.Stream.String()); err != nil {
			return err
		}
		query := "SELECT version FROM streams WHERE id = $1 FOR UPDATE"
		if s.trusting && p.Events == 0 || s.copying && p.Events > 0 {
			query = "SELECT version FROM streams WHERE id = $1"
		}
		var actual eventcore.Version
		if err := tx.QueryRow(ctx, query, p.Stream.String()).Scan(&actual); err != nil {
			return err
		}
		if actual != p.Expected && s.copying && p.Events > 0 {
			return breakOff(ctx, tx, p, actual)
		}
		if actual != p.Expected {
			return &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
		}
	}
	if s.copying {
		return s.claim(ctx, tx, participants)
	}
	return nil
}

func (s *stranger) write(ctx context.Context, tx querier, writes *eventcore.Writes) (eventcore.Appended, error) {
	var done eventcore.Appended
	if len(writes.Events()) == 0 {
		return done, nil
	}
	var position int64
	if err := tx.QueryRow(ctx, "UPDATE head SET position = position + $1 RETURNING position - $1", len(writes.Events())).Scan(&position); err != nil {
		return done, err
	}
	versions := make([]eventcore.Version, len(writes.Participants()))
	var rows [][]any
	for _, w := range writes.Events() {
		p := writes.Participants()[w.Participant]
		versions[w.Participant]++
		position++
		row := []any{
			position, p.Stream.String(),
			int64(p.Expected + versions[w.Participant]), [16]byte(w.Event.ID), w.Event.Type, string(w.Event.Data), time.Unix(0, 0),
		}
		if s.copying {
			rows = append(rows, row)
			continue
		}
		if _, err := tx.Exec(ctx, "INSERT INTO events VALUES ($1, $2, $3, $4, $5, $6, $7)", row...); err != nil {
			return done, err
		}
	}
	if err := s.copy(ctx, tx, rows); err != nil {
		return done, err
	}
	for i, p := range writes.Participants() {
		if p.Events == 0 {
			continue
		}
		version := p.Expected + versions[i]
		if _, err := tx.Exec(ctx, "UPDATE streams SET version = $2 WHERE id = $1", p.Stream.String(), int64(version)); err != nil {
			return done, err
		}
		done.Streams = append(done.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: version})
	}
	done.Last = eventcore.NewPosition(0, uint64(position))
	return done, nil
}

func (s *stranger) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return s.read(ctx, "SELECT position, stream, version, id, type, data FROM events WHERE stream = $1 AND version > $2 ORDER BY version",
		id.String(), int64(after))
}

// read reads all rows at once, as many a store does.
func (s *stranger) read(ctx context.Context, query string, args ...any) iter.Seq2[eventcore.Recorded, error] {
	if s.lazy {
		return s.follow(ctx, query, args)
	}
	return func(yield func(eventcore.Recorded, error) bool) {
		all, err := s.rows(ctx, query, args)
		if err != nil {
			yield(eventcore.Recorded{}, err)
			return
		}
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// follow reads a row when it is asked for.
func (s *stranger) follow(ctx context.Context, query string, args []any) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		rows, err := s.pool.Query(ctx, query, args...)
		if err == nil {
			defer rows.Close()
			for rows.Next() {
				e, err := recorded(rows)
				if !yield(e, err) || err != nil {
					return
				}
			}
			err = rows.Err()
		}
		if err != nil {
			yield(eventcore.Recorded{}, err)
		}
	}
}

func (s *stranger) rows(ctx context.Context, query string, args []any) (all []eventcore.Recorded, err error) {
	if !s.piecemeal {
		return collect(s.pool.Query(ctx, query, args...))
	}
	err = s.locked(ctx, "pg_advisory_lock_shared", "pg_advisory_unlock_shared", func(conn querier) (err error) {
		all, err = collect(conn.Query(ctx, query, args...))
		return err
	})
	return all, err
}

func collect(rows pgx.Rows, err error) ([]eventcore.Recorded, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, recorded)
}

// recorded is the event of a row.
func recorded(row pgx.CollectableRow) (e eventcore.Recorded, err error) {
	var position, version int64
	var stream, data string
	var id [16]byte
	if err := row.Scan(&position, &stream, &version, &id, &e.Type, &data); err != nil {
		return e, err
	}
	e.Stream, err = eventcore.ParseStreamID(stream)
	e.ID, e.Version, e.Data = id, eventcore.Version(version), []byte(data)
	e.Position = eventcore.NewPosition(0, uint64(position))
	return e, err
}

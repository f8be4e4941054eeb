package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// raw does the least work that gives the same guarantees: statements that are prepared
// once, one connection for writing behind a mutex, one query a read, and no checks that
// the database does not need. It stops the benchmark where something goes wrong.
type raw struct {
	tb testing.TB

	mu                      sync.Mutex
	begin, commit, rollback *sql.Stmt
	check                   *sql.Stmt
	insert                  map[int]*sql.Stmt
	stream, all             *sql.Stmt
}

const rawColumns = "position, stream_id, version, event_id, type, recorded_at, metadata, data"

// openRaw opens a database whose tables a store has made.
func openRaw(tb testing.TB, path string, cfg sqlite.Config) *raw {
	tb.Helper()
	require.NoError(tb, open(tb, path, cfg).Close())
	ctx := context.WithoutCancel(tb.Context())
	mode := map[sqlite.Synchronous]string{sqlite.SynchronousFull: "full", sqlite.SynchronousNormal: "normal"}[cfg.Synchronous]
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous("+mode+")")
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	db.SetMaxOpenConns(5)
	db.SetMaxIdleConns(5)
	writer, err := db.Conn(ctx)
	require.NoError(tb, err)
	prepare := func(on interface {
		PrepareContext(context.Context, string) (*sql.Stmt, error)
	}, query string,
	) *sql.Stmt {
		made, err := on.PrepareContext(ctx, query)
		require.NoError(tb, err)
		return made
	}
	const row = "(?,?,?,?,?,?,?,?)"
	rows := row
	for range 9 {
		rows += "," + row
	}
	insert := "INSERT INTO eventcore_events (" + rawColumns + ") VALUES "
	return &raw{
		tb: tb, begin: prepare(writer, "BEGIN IMMEDIATE"), commit: prepare(writer, "COMMIT"), rollback: prepare(writer, "ROLLBACK"),
		check: prepare(writer, `SELECT ifnull((SELECT max(position) FROM eventcore_events), 0),
			ifnull((SELECT max(version) FROM eventcore_events WHERE stream_id = ?), 0)`),
		insert: map[int]*sql.Stmt{1: prepare(writer, insert+row), 10: prepare(writer, insert+rows)},
		stream: prepare(db, "SELECT "+rawColumns+" FROM eventcore_events WHERE stream_id = ? AND version > ? ORDER BY version"),
		all:    prepare(db, "SELECT "+rawColumns+" FROM eventcore_events WHERE position > ? ORDER BY position LIMIT ?"),
	}
}

// append appends a batch whose streams get one or ten events each.
func (r *raw) append(w eventcore.Writes) (err error) {
	now := time.Now().UnixNano()
	ctx := context.Background()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.begin.ExecContext(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, failed := r.rollback.ExecContext(ctx)
			err = errors.Join(err, failed)
		}
	}()
	var last int64
	for _, p := range w.Participants() {
		var version int64
		if err := r.check.QueryRowContext(ctx, p.Stream.String()).Scan(&last, &version); err != nil {
			return err
		}
		if version != int64(p.Expected) {
			return eventcore.ErrVersionConflict
		}
	}
	events := w.Events()
	for len(events) > 0 {
		p := w.Participants()[events[0].Participant]
		args := make([]any, 0, 80)
		for i := range p.Events {
			e := &events[i].Event
			last++
			args = append(args, last, p.Stream.String(), int64(p.Expected)+int64(i)+1, e.ID[:], e.Type, now, []byte(e.Metadata), []byte(e.Data))
		}
		if _, err := r.insert[p.Events].ExecContext(ctx, args...); err != nil {
			return err
		}
		events = events[p.Events:]
	}
	_, err = r.commit.ExecContext(ctx)
	return err
}

// event is what a reader gets to keep.
type rawEvent struct {
	position, version, at int64
	stream, kind          string
	id, metadata, data    []byte
}

func (r *raw) count(rows *sql.Rows, err error) (n int, last int64) {
	if err != nil {
		r.tb.Error(err)
		return 0, 0
	}
	defer rows.Close()
	for rows.Next() {
		var e rawEvent
		if err := rows.Scan(&e.position, &e.stream, &e.version, &e.id, &e.kind, &e.at, &e.metadata, &e.data); err != nil {
			r.tb.Error(err)
		}
		n, last = n+1, e.position
	}
	if err := rows.Err(); err != nil {
		r.tb.Error(err)
	}
	return n, last
}

func (r *raw) readStream(stream string, after int64) int {
	n, _ := r.count(r.stream.QueryContext(context.Background(), stream, after))
	return n
}

func (r *raw) readAll(after int64, limit int) (n int, last int64) {
	return r.count(r.all.QueryContext(context.Background(), after, limit))
}

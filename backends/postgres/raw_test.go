package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// raw does the least work that gives the same guarantees with bare pgx: the same lock,
// then one statement made for just this number of streams and events, in one round trip;
// one query a read, each of which ends with its context. It stops the benchmark where something
// goes wrong.
type raw struct {
	tb   testing.TB
	pool *pgxpool.Pool
}

// openRaw connects to a database whose tables a store has made.
func openRaw(tb testing.TB, dsn string) *raw {
	tb.Helper()
	require.NoError(tb, open(tb, dsn, postgres.Config{}).Close())
	pool, err := pgxpool.New(context.WithoutCancel(tb.Context()), dsn)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	return &raw{tb: tb, pool: pool}
}

// rawInsert returns the statement for so many streams with so many events each.
func rawInsert(streams, events int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "WITH head AS (UPDATE eventcore_head SET position = position + %d WHERE true", streams*events)
	for s := range streams {
		fmt.Fprintf(&b, " AND (SELECT coalesce(max(version), 0) FROM eventcore_events WHERE stream_id = $%d) = $%d", 1+2*s, 2+2*s)
	}
	fmt.Fprintf(&b, " RETURNING position - %d AS before), inserted AS (INSERT INTO eventcore_events"+
		" (position, version, recorded_at, event_id, stream_id, type, metadata, data)"+
		" SELECT before + nr, v, $%d, i, s, t, m, d FROM head, (VALUES ", streams*events, 2*streams+1)
	at := 2*streams + 2
	for n := range streams * events {
		if n > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "(%d, $%d::bigint + %d, $%d::uuid, $%d, $%d, $%d::bytea, $%d::bytea)",
			n+1, 2+2*(n/events), n%events+1, at, 1+2*(n/events), at+1, at+2, at+3)
		at += 4
	}
	b.WriteString(") AS e (nr, v, i, s, t, m, d)) SELECT before FROM head")
	return b.String()
}

// append appends a batch whose streams get as many events each.
func (r *raw) append(w eventcore.Writes, query string) error {
	ctx := r.tb.Context()
	var args []any
	for _, p := range w.Participants() {
		args = append(args, p.Stream.String(), int64(p.Expected))
	}
	args = append(args, time.Now())
	for i := range w.Events() {
		e := &w.Events()[i].Event
		args = append(args, [16]byte(e.ID), e.Type, []byte(e.Metadata), []byte(e.Data))
	}
	var b pgx.Batch
	b.Queue("SELECT position FROM eventcore_head FOR UPDATE")
	b.Queue(query, args...)
	results := r.pool.SendBatch(ctx, &b)
	_, err := results.Exec()
	var before int64
	if err == nil {
		err = results.QueryRow().Scan(&before)
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	return err
}

// rawEvent is what a reader gets to keep.
type rawEvent struct {
	position, version  int64
	at                 time.Time
	stream, kind       string
	id, metadata, data []byte
}

const rawColumns = "position, version, recorded_at, event_id, stream_id, type, metadata, data"

func (r *raw) count(rows pgx.Rows, err error) (n int, last int64) {
	if err != nil {
		r.tb.Error(err)
		return 0, 0
	}
	defer rows.Close()
	for rows.Next() {
		var e rawEvent
		if err := rows.Scan(&e.position, &e.version, &e.at, &e.id, &e.stream, &e.kind, &e.metadata, &e.data); err != nil {
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
	n, _ := r.count(r.pool.Query(r.tb.Context(),
		"SELECT "+rawColumns+" FROM eventcore_events WHERE stream_id = $1 AND version > $2 ORDER BY version", stream, after))
	return n
}

func (r *raw) readAll(after int64, limit int) (n int, last int64) {
	return r.count(r.pool.Query(r.tb.Context(),
		"SELECT "+rawColumns+" FROM eventcore_events WHERE position > $1 ORDER BY position LIMIT $2", after, limit))
}

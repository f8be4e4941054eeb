package sqlitevfs_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/eventcore-go/eventcore-sim/sim/disk"
	"github.com/eventcore-go/eventcore-sim/sim/sqlitevfs"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// code returns SQLite's primary result code of an error, 0 if it has none.
func code(err error) int {
	if failed, ok := errors.AsType[*driver.Error](err); ok {
		return failed.Code() & 0xff
	}
	return 0
}

// begun starts a process that has the table of events in a write-ahead log.
func begun(tb testing.TB, d *disk.Disk) *machine {
	tb.Helper()
	m := start(tb, d.FS())
	conn := m.conn(tb)
	exec(tb, conn, "PRAGMA journal_mode = WAL", schema)
	require.NoError(tb, conn.Close())
	return m
}

const count = "SELECT count(*) FROM events"

// events returns the number of events that a connection sees.
func events(tb testing.TB, conn *sql.Conn) (n int) {
	tb.Helper()
	require.NoError(tb, conn.QueryRowContext(tb.Context(), count).Scan(&n))
	return n
}

func TestConnectionsOfAProcessShareTheLog(t *testing.T) {
	m := begun(t, disk.New(disk.Config{}))
	defer m.stop(t)
	writer, reader, other := m.conn(t), m.conn(t), m.conn(t)
	exec(t, reader, "BEGIN")
	require.Zero(t, events(t, reader))
	require.NoError(t, appendBatch(t.Context(), writer, 1))
	require.Zero(t, events(t, reader), "it reads what was there when it began")
	require.Equal(t, rows, events(t, other))

	exec(t, writer, "BEGIN IMMEDIATE")
	err := appendBatch(t.Context(), other, 2)
	require.Equal(t, lib.SQLITE_BUSY, code(err), "%v", err)
	exec(t, writer, "ROLLBACK")
	require.NoError(t, appendBatch(t.Context(), other, 2))

	checkpointed := func() (busy, log, done int) {
		require.NoError(t, writer.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &done))
		return busy, log, done
	}
	busy, log, done := checkpointed()
	require.Equal(t, 1, busy, "a reader needs the log")
	require.Less(t, done, log)
	exec(t, reader, "COMMIT")
	busy, _, _ = checkpointed()
	require.Zero(t, busy)
	require.Equal(t, 2*rows, events(t, reader))
}

func TestALogIsRecoveredWithoutItsSharedMemory(t *testing.T) {
	d := disk.New(disk.Config{})
	m := begun(t, d)
	require.NoError(t, appendBatch(t.Context(), m.conn(t), 1))
	require.NoError(t, appendBatch(t.Context(), m.conn(t), 2))
	d.Crash(disk.Loss{KeepAll: true})
	m.stop(t)
	require.ElementsMatch(t, []string{database, database + "-wal"}, d.List(), "the shared memory is on no disk")

	alone := d.Clone()
	require.NoError(t, alone.Remove(database+"-wal"))
	m = start(t, alone.FS())
	require.Error(t, m.conn(t).QueryRowContext(t.Context(), count).Scan(new(int)), "all is in the log")
	m.stop(t)

	m = start(t, d.FS())
	defer m.stop(t)
	first, second := m.conn(t), m.conn(t)
	require.Equal(t, 2*rows, events(t, first))
	require.Equal(t, 2*rows, events(t, second))
}

// TestNothingWorksAfterACrash: also where all is in the cache of a connection.
func TestNothingWorksAfterACrash(t *testing.T) {
	d := disk.New(disk.Config{})
	m := begun(t, d)
	defer m.stop(t)
	idle, inside := m.conn(t), m.conn(t)
	require.NoError(t, appendBatch(t.Context(), idle, 1))
	exec(t, inside, "BEGIN IMMEDIATE", "INSERT INTO events (batch, payload) VALUES (2, '')")
	d.Crash(disk.Loss{})
	for name, do := range map[string]func() error{
		"read":   func() error { return idle.QueryRowContext(t.Context(), count).Scan(new(int)) },
		"begin":  func() error { return appendBatch(t.Context(), idle, 2) },
		"commit": func() error { _, err := inside.ExecContext(t.Context(), "COMMIT"); return err },
		"open":   func() error { return m.db.PingContext(t.Context()) },
		"mode": func() error {
			return idle.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint").Scan(new(int), new(int), new(int))
		},
	} {
		if err := do(); name != "open" || err != nil { // opening reads nothing
			require.Contains(t, []int{lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN}, code(err), "%s: %v", name, err)
		}
	}
	again := start(t, d.FS())
	defer again.stop(t)
	require.Equal(t, rows, events(t, again.conn(t)))
}

// TestAReaderMayRunAtEveryPointOfAnAppend lets another connection read wherever the one that
// appends, and now and then checkpoints, could be parked.
func TestAReaderMayRunAtEveryPointOfAnAppend(t *testing.T) {
	d := disk.New(disk.Config{})
	points, inside, waits := make(map[string]int), false, 0
	var onPoint func(name string)
	point := func(name string) {
		if onPoint != nil && !inside {
			inside = true
			points[name]++
			onPoint(name)
			inside = false
		}
	}
	d.SetPoint(point)
	fs, err := sqlitevfs.New(sqlitevfs.Config{Files: d.FS(), Point: point})
	require.NoError(t, err)
	db, err := sql.Open("sqlite", fs.DSN(database))
	require.NoError(t, err)
	m := &machine{fs: fs, db: db}
	defer m.stop(t)
	writer, reader := m.conn(t), m.conn(t)
	exec(t, writer, "PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 8", schema)
	acknowledged, seen := 0, 0
	onPoint = func(name string) {
		var n int
		err := reader.QueryRowContext(t.Context(), count).Scan(&n)
		if name == "sqlite: barrier of events.db" && err != nil {
			// The index is half written. The reader would sleep until the writer goes on,
			// which here it cannot.
			require.Equal(t, lib.SQLITE_PROTOCOL, code(err), "%v", err)
			waits++
			return
		}
		require.NoError(t, err, name)
		require.Contains(t, []int{acknowledged * rows, acknowledged*rows + rows}, n, name)
		require.GreaterOrEqual(t, n, seen, "a read goes back at %s", name)
		seen = n
	}
	for acknowledged < 10 {
		require.NoError(t, appendBatch(t.Context(), writer, acknowledged+1))
		acknowledged++
	}
	onPoint = nil
	require.Positive(t, waits)
	for _, name := range []string{
		"disk: write events.db-wal", "disk: sync events.db-wal", "disk: write events.db", "disk: sync events.db",
		"sqlite: lock log of events.db", "sqlite: barrier of events.db",
	} {
		require.Positive(t, points[name], "%s: there was none: %v", name, points)
	}
}

// takenDown is a task that the simulator takes down.
type takenDown struct{}

func (takenDown) TakesDownTask() {}

// TestATaskIsTakenDownByAnError: SQLite's code must not be unwound by a panic, wherever
// it is; it is the connection that fails, and others go on.
func TestATaskIsTakenDownByAnError(t *testing.T) {
	require.True(t, yield.TakesDown(takenDown{}))
	d := disk.New(disk.Config{})
	left := -1
	point := func(string) {
		if left--; left == 0 {
			panic(takenDown{})
		}
	}
	fs, err := sqlitevfs.New(sqlitevfs.Config{Files: d.FS(), Point: point})
	require.NoError(t, err)
	d.SetPoint(point)
	db, err := sql.Open("sqlite", fs.DSN(database))
	require.NoError(t, err)
	m := &machine{fs: fs, db: db}
	defer m.stop(t)
	exec(t, m.conn(t), "PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 8", schema)
	reader, failed := m.conn(t), 0
	for n, batch := 0, 1; n < 60; n++ {
		conn := m.conn(t)
		left = 1 + n%15
		err := appendBatch(t.Context(), conn, batch)
		left = -1
		if err != nil {
			require.Contains(t, []int{lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN}, code(err), "%v", err)
			failed++
		}
		require.NoError(t, conn.Close())
		there, err := read(t.Context(), reader)
		require.NoError(t, err)
		require.Empty(t, there.torn)
		batch = there.batches + 1
	}
	require.Greater(t, failed, 30)
}

func TestADatabaseIsTheSameByteForByte(t *testing.T) {
	image := func(seed uint64) map[string]string {
		d := disk.New(disk.Config{})
		fs, err := sqlitevfs.New(sqlitevfs.Config{
			Files: d.FS(), Random: rand.New(rand.NewPCG(seed, 0)),
			Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		})
		require.NoError(t, err)
		db, err := sql.Open("sqlite", fs.DSN(database))
		require.NoError(t, err)
		m := &machine{fs: fs, db: db}
		conn := m.conn(t)
		exec(t, conn, "PRAGMA journal_mode = WAL", schema,
			"INSERT INTO events (batch, payload) VALUES (random(), hex(randomblob(100)) || datetime('now'))")
		var now string
		require.NoError(t, conn.QueryRowContext(t.Context(), "SELECT datetime('now')").Scan(&now))
		require.Equal(t, "2026-01-02 03:04:05", now)
		require.NoError(t, appendBatch(t.Context(), conn, 1))
		d.Crash(disk.Loss{KeepAll: true}) // the log stays
		m.stop(t)
		files := make(map[string]string)
		for _, name := range d.List() {
			f, err := d.OpenFile(name, os.O_RDONLY)
			require.NoError(t, err)
			data, err := io.ReadAll(f)
			require.NoError(t, err)
			files[name] = string(data)
		}
		return files
	}
	first := image(1)
	require.Len(t, first, 2)
	require.True(t, maps.Equal(first, image(1)), "the same seed")
	require.False(t, maps.Equal(first, image(2)), "another seed")
}

func TestAnOpenDatabaseKeepsItsVFS(t *testing.T) {
	m := begun(t, disk.New(disk.Config{}))
	conn := m.conn(t)
	require.ErrorIs(t, m.fs.Close(), sqlitevfs.ErrInUse)
	require.NoError(t, conn.Close())
	m.stop(t)
	require.NoError(t, m.fs.Close(), "again")
	_, err := sqlitevfs.New(sqlitevfs.Config{})
	require.ErrorContains(t, err, "Files is nil")
}

// TestConnectionsOfManyGoroutines is for the race detector.
func TestConnectionsOfManyGoroutines(t *testing.T) {
	m := begun(t, disk.New(disk.Config{}))
	defer m.stop(t)
	const writers, each = 3, 5
	ctx := context.WithoutCancel(t.Context())
	var all sync.WaitGroup
	for writer := range writers {
		conn := m.conn(t)
		exec(t, conn, "PRAGMA wal_autocheckpoint = 8")
		all.Go(func() {
			for n := 0; n < each; {
				err := appendBatch(ctx, conn, writer)
				switch code(err) {
				case lib.SQLITE_OK:
					n++
				case lib.SQLITE_BUSY:
				default:
					t.Errorf("append: %v", err)
					return
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, writers*each*rows, events(t, m.conn(t)))
}

package sqlite_test

import (
	"database/sql"
	"database/sql/driver"
	"flag"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var update = flag.Bool("update", false, "write the golden files")

// bare opens a database with the driver alone.
func bare(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}

func run(tb testing.TB, db *sql.DB, query string) {
	tb.Helper()
	_, err := db.ExecContext(tb.Context(), query)
	require.NoError(tb, err)
}

// schemaOf returns what the database has been told to make.
func schemaOf(tb testing.TB, db *sql.DB) string {
	tb.Helper()
	rows, err := db.QueryContext(tb.Context(), "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
	require.NoError(tb, err)
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var text string
		require.NoError(tb, rows.Scan(&text))
		b.WriteString(text + ";\n\n")
	}
	require.NoError(tb, rows.Err())
	return b.String()
}

func TestSchemaIsTheGoldenOne(t *testing.T) {
	const golden = "testdata/schema.sql"
	path := file(t)
	open(t, path, sqlite.Config{})
	got := schemaOf(t, bare(t, path))
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "an old database does not have what an old migration is changed to: add a migration; then run with -update")
}

func TestManyHandlesOpenANewFileAtOnce(t *testing.T) {
	path := file(t)
	var group sync.WaitGroup
	failed := make([]error, 16)
	for i := range failed {
		group.Go(func() {
			var s *sqlite.Store
			if s, failed[i] = sqlite.Open(t.Context(), path, sqlite.Config{}); failed[i] == nil {
				failed[i] = s.Close()
			}
		})
	}
	group.Wait()
	for _, err := range failed {
		require.NoError(t, err)
	}
	var applied int
	require.NoError(t, bare(t, path).QueryRowContext(t.Context(), "SELECT count(*) FROM eventcore_migrations").Scan(&applied))
	require.Equal(t, 2, applied)
}

func TestOpenDoesNotWaitForAWriterOnceTheSchemaIsThere(t *testing.T) {
	path := file(t)
	open(t, path, sqlite.Config{})
	db := bare(t, path)
	db.SetMaxOpenConns(1)
	run(t, db, "BEGIN IMMEDIATE")
	clock := &countingClock{}
	open(t, path, sqlite.Config{Clock: clock})
	require.Zero(t, clock.slept.Load())
	run(t, db, "ROLLBACK")
}

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	path := file(t)
	open(t, path, sqlite.Config{})
	run(t, bare(t, path), "INSERT INTO eventcore_migrations (version, name) VALUES (3, 'later')")
	_, err := sqlite.Open(t.Context(), path, sqlite.Config{})
	require.ErrorContains(t, err, "schema version 3, this program knows 2; use a newer version")
}

func TestADatabaseThatIsNotUTF8IsRefused(t *testing.T) {
	path := file(t)
	db := bare(t, path)
	db.SetMaxOpenConns(1)
	run(t, db, "PRAGMA encoding = 'UTF-16le'")
	run(t, db, "CREATE TABLE mine (x)")
	_, err := sqlite.Open(t.Context(), path, sqlite.Config{})
	require.ErrorContains(t, err, "the database's encoding is UTF-16le")
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	notADatabase := file(t)
	require.NoError(t, os.WriteFile(notADatabase, []byte(strings.Repeat("no database ", 1000)), 0o600))
	for name, c := range map[string]struct {
		path string
		cfg  sqlite.Config
		want string
	}{
		"no path":        {"", sqlite.Config{}, "the path is empty; use Memory"},
		"NUL":            {"a\x00b", sqlite.Config{}, "NUL"},
		"no directory":   {t.TempDir() + "/none/events.db", sqlite.Config{}, "none/events.db"},
		"no database":    {notADatabase, sqlite.Config{}, "file is not a database"},
		"synchronous":    {sqlite.Memory, sqlite.Config{Synchronous: 2}, "use SynchronousFull or SynchronousNormal"},
		"busy timeout":   {sqlite.Memory, sqlite.Config{BusyTimeout: -1}, "set it to 0 or more"},
		"group":          {sqlite.Memory, sqlite.Config{MaxGroup: -1}, "set it to 0 or more"},
		"reader numbers": {sqlite.Memory, sqlite.Config{Readers: -1}, "set it to 0 or more"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sqlite.Open(t.Context(), c.path, c.cfg)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestAPathIsTakenAsItIs(t *testing.T) {
	for _, name := range []string{"a b.db", "50%25.db", "what?mode=memory", "#1.db", "'quoted'.db", "日本.db", "a&b=c.db"} {
		path := t.TempDir() + "/" + name
		appendTo(t, open(t, path, sqlite.Config{}), 0, 1, eventcore.MustStreamID("a"))
		_, err := os.Stat(path)
		require.NoError(t, err)
	}
}

func TestSynchronousIsWhatWasAskedFor(t *testing.T) {
	for sync, want := range map[sqlite.Synchronous]int64{sqlite.SynchronousFull: 2, sqlite.SynchronousNormal: 1} {
		spy, s := spied(t, sqlite.Config{Synchronous: sync})
		var got []driver.Value
		spy.set(func(conn driver.Conn, query string) error {
			if query == "COMMIT" {
				got = append(got, ask(t, conn, "PRAGMA synchronous"), ask(t, conn, "PRAGMA journal_mode"))
			}
			return nil
		}, nil)
		appendTo(t, s, 0, 1, eventcore.MustStreamID("a"))
		require.Equal(t, []driver.Value{want, "wal"}, got)
	}
}

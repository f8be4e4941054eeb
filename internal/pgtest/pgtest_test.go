package pgtest_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

// start starts a server of this test's own, or skips the test where there is none.
func start(t *testing.T, cfg pgtest.Config) *pgtest.Cluster {
	t.Helper()
	t.Setenv(pgtest.DSNVariable, "")
	c, err := pgtest.Start(t.Context(), cfg)
	if errors.Is(err, pgtest.ErrNotInstalled) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })
	return conn
}

func text(t *testing.T, conn *pgx.Conn, query string) (found string) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), query).Scan(&found))
	return found
}

func TestDatabasesDoNotSeeEachOther(t *testing.T) {
	c := start(t, pgtest.Config{})
	one, err := c.Database(t.Context())
	require.NoError(t, err)
	two, err := c.Database(t.Context())
	require.NoError(t, err)
	a, b := connect(t, one.DSN), connect(t, two.DSN)
	for i, conn := range []*pgx.Conn{a, b} {
		_, err := conn.Exec(t.Context(), "CREATE TABLE x AS SELECT $1::text AS y", string(rune('a'+i)))
		require.NoError(t, err)
	}
	require.Equal(t, "a", text(t, a, "SELECT y FROM x"))
	require.Equal(t, "b", text(t, b, "SELECT y FROM x"))

	require.NoError(t, one.Close())
	require.Equal(t, "b", text(t, b, "SELECT y FROM x"))
	_, err = a.Exec(t.Context(), "SELECT y FROM x")
	require.ErrorContains(t, err, `relation "x" does not exist`)
	require.ErrorContains(t, one.Close(), "does not exist")

	// Another cluster object on the same server, as another process would have it.
	t.Setenv(pgtest.DSNVariable, c.DSN())
	other, err := pgtest.Start(t.Context(), pgtest.Config{})
	require.NoError(t, err)
	three, err := other.Database(t.Context())
	require.NoError(t, err)
	_, err = connect(t, three.DSN).Exec(t.Context(), "SELECT y FROM x")
	require.ErrorContains(t, err, `relation "x" does not exist`)
	require.NoError(t, three.Close())
	require.NoError(t, other.Close())
	require.Equal(t, "b", text(t, b, "SELECT y FROM x"), "a server that is not ours goes on")
}

func TestSettingsReachTheServer(t *testing.T) {
	c := start(t, pgtest.Config{Fsync: true, Settings: []string{"work_mem=5MB"}})
	conn := connect(t, c.DSN())
	require.Equal(t, "on", text(t, conn, "SHOW fsync"))
	require.Equal(t, "5MB", text(t, conn, "SHOW work_mem"))
	require.Empty(t, text(t, conn, "SHOW listen_addresses"), "nobody else may reach it")
	d, err := c.Database(t.Context())
	require.NoError(t, err)
	require.Equal(t, "7MB", text(t, connect(t, pgtest.With(d.DSN, "work_mem", "7MB")), "SHOW work_mem"))
}

func TestClosingLeavesNothingBehind(t *testing.T) {
	c := start(t, pgtest.Config{})
	_, err := os.Stat(c.Dir())
	require.NoError(t, err)
	// An open connection with an open transaction must not hold it up.
	conn, err := pgx.Connect(t.Context(), c.DSN())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "BEGIN; CREATE TABLE x ()")
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.NoDirExists(t, c.Dir())
	require.Error(t, conn.Ping(t.Context()))
	_, err = pgx.Connect(t.Context(), c.DSN())
	require.Error(t, err)
	require.NoError(t, c.Close(), "closing again does nothing")
}

func TestServerThatDoesNotStartSaysWhy(t *testing.T) {
	t.Setenv(pgtest.DSNVariable, "")
	_, err := pgtest.Start(t.Context(), pgtest.Config{Settings: []string{"work_mem=much"}})
	if errors.Is(err, pgtest.ErrNotInstalled) {
		t.Skip(err)
	}
	require.ErrorContains(t, err, "did not start: it ended with exit status 1")
	require.ErrorContains(t, err, `invalid value for parameter "work_mem": "much"`)
}

func TestStartEndsWithItsContext(t *testing.T) {
	t.Setenv(pgtest.DSNVariable, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := parent(t)
	_, err := pgtest.Start(ctx, pgtest.Config{Parent: dir})
	if errors.Is(err, pgtest.ErrNotInstalled) {
		t.Skip(err)
	}
	require.ErrorIs(t, err, context.Canceled)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestServerThatIsNotThereIsNamedByItsVariable(t *testing.T) {
	t.Setenv(pgtest.DSNVariable, "host=/nowhere user=postgres")
	_, err := pgtest.Start(t.Context(), pgtest.Config{})
	require.ErrorContains(t, err, pgtest.DSNVariable)
}

// What was committed is there although the server crashes once more as it recovers.
func TestCrashInTheMiddleOfTheRecovery(t *testing.T) {
	c := start(t, pgtest.Config{Fsync: true, Settings: []string{"wal_writer_delay=10s"}})
	conn, err := pgx.Connect(t.Context(), c.DSN())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "CREATE TABLE kept (n int)")
	require.NoError(t, err)
	for n := 1; n <= 3; n++ {
		_, err = conn.Exec(t.Context(), "INSERT INTO kept SELECT $1 FROM generate_series(1, 10000)", n)
		require.NoError(t, err)
		require.NoError(t, c.CrashTwice(t.Context(), n))
		require.Error(t, conn.Ping(t.Context()))
		conn, err = pgx.Connect(t.Context(), c.DSN())
		require.NoError(t, err)
		var rows int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM kept").Scan(&rows))
		require.Equal(t, n*10_000, rows)
	}
	log, err := os.ReadFile(filepath.Join(c.Dir(), "log"))
	require.NoError(t, err)
	require.Equal(t, 1+2*3, strings.Count(string(log), "starting PostgreSQL"), "each crash came twice")
	// How far a recovery has come by then is up to the machine.
	t.Log("crashes in the middle of a recovery:", strings.Count(string(log), "interrupted while in recovery"))
	require.NoError(t, conn.Close(t.Context()))
}

func TestCrashEndsAllSessionsAndKeepsWhatWasCommitted(t *testing.T) {
	c := start(t, pgtest.Config{Fsync: true})
	conn, err := pgx.Connect(t.Context(), c.DSN())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "CREATE TABLE kept (n int)")
	require.NoError(t, err)
	for n := range 3 {
		_, err = conn.Exec(t.Context(), "INSERT INTO kept VALUES ($1)", n)
		require.NoError(t, err)
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "INSERT INTO kept VALUES (100)")
		require.NoError(t, err)

		require.NoError(t, c.Crash(t.Context()))
		require.Error(t, tx.Commit(t.Context()))
		conn, err = pgx.Connect(t.Context(), c.DSN())
		require.NoError(t, err)
		var rows, last int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*), max(n) FROM kept").Scan(&rows, &last))
		require.Equal(t, []int{n + 1, n}, []int{rows, last})
	}
	require.NoError(t, conn.Close(t.Context()))
	db, err := c.Database(t.Context())
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

package postgres_test

import (
	"flag"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

var update = flag.Bool("update", false, "write the golden files")

const describe = `
SELECT 'table ' || table_name || ': ' || column_name || ' ' || data_type ||
       coalesce(' collate ' || collation_name, '') || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
  FROM information_schema.columns WHERE table_schema = current_schema()
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()
UNION ALL SELECT conrelid::regclass || ': ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = current_schema()::regnamespace
UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
ORDER BY 1`

func TestSchemaIsTheGoldenOne(t *testing.T) {
	const golden = "testdata/schema.txt"
	dsn := server.DSN(t)
	open(t, dsn, postgres.Config{})
	conn := connectTo(t, dsn)
	var schema string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_schema()").Scan(&schema))
	rows, err := conn.Query(t.Context(), describe)
	require.NoError(t, err)
	var b strings.Builder
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		b.WriteString(strings.ReplaceAll(line, schema+".", "") + "\n")
	}
	require.NoError(t, rows.Err())
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "an old database does not have what an old migration is changed to: add a migration; then run with -update")
}

func TestEventsAreImmutable(t *testing.T) {
	dsn := server.DSN(t)
	s := open(t, dsn, postgres.Config{})
	appendTo(t, s, 0, 3, eventcore.MustStreamID("a"))
	before := stream(t, s, eventcore.MustStreamID("a"))
	conn := connectTo(t, dsn)
	for statement, operation := range map[string]string{
		"UPDATE eventcore_events SET type = 'y'":                    "UPDATE",
		"UPDATE eventcore_events SET type = 'y' WHERE position = 2": "UPDATE",
		"DELETE FROM eventcore_events WHERE position = 3":           "DELETE",
		"TRUNCATE eventcore_events":                                 "TRUNCATE",
		`INSERT INTO eventcore_events SELECT * FROM eventcore_events WHERE position = 1
			ON CONFLICT (position) DO UPDATE SET type = 'y'`: "UPDATE",
	} {
		_, err := conn.Exec(t.Context(), statement)
		require.ErrorContains(t, err, "eventcore: events are immutable: "+operation+" refused", statement)
	}
	require.Equal(t, before, stream(t, s, eventcore.MustStreamID("a")))
}

func TestManyHandlesOpenANewDatabaseAtOnce(t *testing.T) {
	dsn := server.DSN(t)
	var group sync.WaitGroup
	failed := make([]error, 12)
	for i := range failed {
		group.Go(func() {
			var s *postgres.Store
			if s, failed[i] = postgres.Open(t.Context(), dsn, postgres.Config{}); failed[i] == nil {
				failed[i] = s.Close()
			}
		})
	}
	group.Wait()
	for _, err := range failed {
		require.NoError(t, err)
	}
	var applied int
	require.NoError(t, connectTo(t, dsn).QueryRow(t.Context(), "SELECT count(*) FROM eventcore_migrations").Scan(&applied))
	require.Equal(t, 2, applied)
}

func TestOpenWaitsForNobodyOnceTheSchemaIsThere(t *testing.T) {
	dsn := server.DSN(t)
	open(t, dsn, postgres.Config{})
	conn := connectTo(t, dsn)
	run(t, conn, "BEGIN")
	run(t, conn, "SELECT position FROM eventcore_head FOR UPDATE")
	run(t, conn, "SELECT pg_advisory_xact_lock(7310313284104253812)")
	// Not even a role that may not write is stopped.
	open(t, pgtest.With(dsn, "default_transaction_read_only", "on"), postgres.Config{})
	run(t, conn, "COMMIT")
}

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	dsn := server.DSN(t)
	open(t, dsn, postgres.Config{})
	run(t, connectTo(t, dsn), "INSERT INTO eventcore_migrations (version, name) VALUES (3, 'later')")
	_, err := postgres.Open(t.Context(), dsn, postgres.Config{})
	require.ErrorContains(t, err, "schema version 3, this program knows 2; use a newer version")
}

func TestAMigrationThatFailsLeavesNothingBehind(t *testing.T) {
	dsn := server.DSN(t)
	conn := connectTo(t, dsn)
	run(t, conn, "CREATE TABLE eventcore_events (mine int)")
	_, err := postgres.Open(t.Context(), dsn, postgres.Config{})
	require.ErrorContains(t, err, `migrate: 0001_events: ERROR: relation "eventcore_events" already exists`)
	var tables int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").Scan(&tables))
	require.Equal(t, 1, tables)
}

func TestADatabaseThatIsNotUTF8IsRefused(t *testing.T) {
	dsn := server.DSN(t)
	conn := connectTo(t, dsn)
	if os.Getenv(pgtest.DSNVariable) != "" {
		t.Skip("a database is made on a server of our own only")
	}
	run(t, conn, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	_, err := postgres.Open(t.Context(), pgtest.With(dsn, "dbname", "latin"), postgres.Config{})
	require.ErrorContains(t, err, "the database's encoding is LATIN1; create it with ENCODING 'UTF8'")
	run(t, conn, "DROP DATABASE latin WITH (FORCE)")
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	_, err := postgres.Open(t.Context(), "host", postgres.Config{})
	require.ErrorContains(t, err, "postgres: cannot parse")
	_, err = postgres.Open(t.Context(), "host=/nowhere user=x", postgres.Config{})
	require.ErrorContains(t, err, "/nowhere/.s.PGSQL.5432")
}

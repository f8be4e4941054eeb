package published

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

// Cluster starts a PostgreSQL that syncs what it commits, or uses the one that EVENTCORE_POSTGRES_DSN names, and stops it at the
// end. Where none is installed the test is skipped.
func Cluster(t testing.TB) *pgtest.Cluster {
	t.Helper()
	cluster, err := pgtest.Start(context.WithoutCancel(t.Context()), pgtest.Config{Fsync: true})
	if errors.Is(err, pgtest.ErrNotInstalled) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	return cluster
}

// Database returns the connection string of an empty place on a cluster. Without sync a commit does not wait for the disk.
func Database(t testing.TB, cluster *pgtest.Cluster, sync bool) string {
	t.Helper()
	db, err := cluster.Database(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	wait := "on"
	if !sync {
		wait = "off"
	}
	return pgtest.With(db.DSN, "synchronous_commit", wait)
}

// OnPostgres opens what this module has on PostgreSQL, each in a place of its own.
func OnPostgres(t testing.TB, cluster *pgtest.Cluster, sync bool) []Named {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	store, err := postgres.New(ctx, pool(t, Database(t, cluster, sync)), postgres.Config{MaxGroup: 64})
	require.NoError(t, err)
	watermill, err := OpenWatermill(ctx, pool(t, Database(t, cluster, sync)))
	require.NoError(t, err)
	logs := []Named{{"eventcore", Eventcore{store}}, {"watermill", watermill}}
	for _, log := range logs {
		t.Cleanup(func() { require.NoError(t, log.Close()) })
	}
	return logs
}

// pool returns the connections of one log.
func pool(t testing.TB, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.WithoutCancel(t.Context()), pgtest.With(dsn, "pool_max_conns", fmt.Sprint(Connections)))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// Analyze lets the planner of a cluster know what is in the tables.
func Analyze(b *testing.B, cluster *pgtest.Cluster) {
	b.Helper()
	_, err := pool(b, cluster.DSN()).Exec(b.Context(), "VACUUM ANALYZE")
	require.NoError(b, err)
}

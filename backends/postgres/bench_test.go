package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/benchtest"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

// The benchmarks stand beside a raw baseline: the least work for the same guarantee
// with bare pgx on the same tables (raw_test.go).

// BenchmarkAppend has a server that syncs each commit to the disk, and one that does not.
func BenchmarkAppend(b *testing.B) {
	for _, fsync := range []bool{true, false} {
		b.Run(fmt.Sprintf("fsync=%v", fsync), func(b *testing.B) {
			cluster, err := pgtest.Start(context.WithoutCancel(b.Context()), pgtest.Config{Fsync: fsync})
			require.NoError(b, err)
			benchtest.Append(b, func(b *testing.B, shape benchtest.Shape) (store, raw benchtest.Adder) {
				s, r := open(b, fresh(b, cluster), postgres.Config{}), openRaw(b, fresh(b, cluster))
				query := rawInsert(shape.Streams, shape.Events)
				return func(w eventcore.Writes) error {
					_, err := s.Append(b.Context(), w)
					return err
				}, func(w eventcore.Writes) error { return r.append(w, query) }
			})
			require.NoError(b, cluster.Close())
		})
	}
}

// fresh returns an empty database.
func fresh(b *testing.B, cluster *pgtest.Cluster) string {
	b.Helper()
	db, err := cluster.Database(b.Context())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	return db.DSN
}

// filled returns a database that is filled.
func filled(b *testing.B, streams int) string {
	b.Helper()
	dsn := server.DSN(b)
	benchtest.Fill(b, open(b, dsn, postgres.Config{}), streams)
	run(b, connectTo(b, dsn), "VACUUM ANALYZE eventcore_events")
	return dsn
}

func BenchmarkReadStream(b *testing.B) {
	dsn := filled(b, 1)
	benchtest.ReadStream(b, open(b, dsn, postgres.Config{}), openRaw(b, dsn).readStream)
}

func BenchmarkReadAll(b *testing.B) {
	dsn := filled(b, 10)
	benchtest.ReadAll(b, open(b, dsn, postgres.Config{}), openRaw(b, dsn).readAll)
}

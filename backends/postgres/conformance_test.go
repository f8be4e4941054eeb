package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

// counted is a store on a pool whose connections the test can count.
type counted struct {
	*postgres.Store
	dsn  string
	pool *pgxpool.Pool
}

func (s *counted) Close() error {
	err := s.Store.Close()
	s.pool.Close()
	return err
}

func openCounted(ctx context.Context, dsn string) (*counted, error) {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, err
	}
	store, err := postgres.New(ctx, pool, postgres.Config{})
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &counted{store, dsn, pool}, nil
}

func TestConformance(t *testing.T) {
	storetest.Run(t,
		func(t testing.TB) eventcore.Store {
			s, err := openCounted(t.Context(), server.DSN(t))
			require.NoError(t, err)
			return s
		},
		storetest.WithResources(func(store eventcore.Store) map[string]int {
			return map[string]int{"connections in use": int(store.(*counted).pool.Stat().AcquiredConns())}
		}),
		storetest.WithReopen(func(ctx context.Context, store eventcore.Store) (eventcore.Store, error) {
			old := store.(*counted)
			if err := old.Close(); err != nil {
				return nil, err
			}
			return openCounted(ctx, old.dsn)
		}),
		storetest.WithSecondHandle(func(ctx context.Context, store eventcore.Store) (eventcore.Store, error) {
			return openCounted(ctx, store.(*counted).dsn)
		}))
}

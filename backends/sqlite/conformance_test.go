package sqlite_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

// counted is a store on a database whose connections the test can count.
type counted struct {
	*sqlite.Store
	path string
	db   *sql.DB
}

func (s *counted) Close() error {
	if err := s.Store.Close(); err != nil {
		return err
	}
	return s.db.Close()
}

func openCounted(ctx context.Context, path string) (*counted, error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	store, err := sqlite.New(ctx, db, sqlite.Config{})
	return &counted{store, path, db}, err
}

// connections counts them: a store keeps those that it has used, so none may come behind
// the first read and append.
var connections = storetest.WithResources(func(store eventcore.Store) map[string]int {
	return map[string]int{"connections": store.(*counted).db.Stats().OpenConnections}
})

func TestConformance(t *testing.T) {
	openNew := func(place func(testing.TB) string) func(testing.TB) eventcore.Store {
		return func(t testing.TB) eventcore.Store {
			s, err := openCounted(t.Context(), place(t))
			require.NoError(t, err)
			return s
		}
	}
	t.Run("file", func(t *testing.T) {
		storetest.Run(t, openNew(places["file"]), connections,
			storetest.WithReopen(func(ctx context.Context, store eventcore.Store) (eventcore.Store, error) {
				old := store.(*counted)
				if err := old.Close(); err != nil {
					return nil, err
				}
				return openCounted(ctx, old.path)
			}),
			storetest.WithSecondHandle(func(ctx context.Context, store eventcore.Store) (eventcore.Store, error) {
				return openCounted(ctx, store.(*counted).path)
			}))
	})
	t.Run("memory", func(t *testing.T) {
		if testing.Short() {
			t.Skip("the statements are those of the file")
		}
		// A database in memory is gone with its store, and no other store can have it.
		storetest.Run(t, openNew(places["memory"]), connections, storetest.Without("R-REOPEN", "R-HANDLE"))
	})
}

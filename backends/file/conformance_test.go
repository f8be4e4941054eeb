package file_test

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

// placed is a store that knows its directory.
type placed struct {
	*file.Store
	dir string
}

func openPlaced(ctx context.Context, dir string) (*placed, error) {
	store, err := file.Open(ctx, dir, fast)
	return &placed{store, dir}, err
}

// openFiles counts the files below the store's directory that this process has open.
func openFiles(t *testing.T) storetest.Option {
	if runtime.GOOS != "linux" {
		return storetest.Without("R-RES")
	}
	return storetest.WithResources(func(store eventcore.Store) map[string]int {
		descriptors, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		files := 0
		for _, d := range descriptors {
			// One that is closed meanwhile cannot be read.
			if name, err := os.Readlink("/proc/self/fd/" + d.Name()); err == nil && strings.HasPrefix(name, store.(*placed).dir) {
				files++
			}
		}
		return map[string]int{"open files": files}
	})
}

func TestConformance(t *testing.T) {
	storetest.Run(t,
		func(t testing.TB) eventcore.Store {
			s, err := openPlaced(t.Context(), t.TempDir())
			require.NoError(t, err)
			return s
		},
		openFiles(t),
		storetest.WithReopen(func(ctx context.Context, store eventcore.Store) (eventcore.Store, error) {
			old := store.(*placed)
			if err := old.Close(); err != nil {
				return nil, err
			}
			return openPlaced(ctx, old.dir)
		}),
		// A directory has one writer; a second store is refused.
		storetest.Without("R-HANDLE"))
}

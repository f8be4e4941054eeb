package chaos_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
)

func TestEveryKindIsDescribedAndHasAFile(t *testing.T) {
	kinds := chaos.Kinds()
	require.Len(t, kinds, 9)
	for i, info := range kinds {
		name := info.Kind.String()
		require.Equal(t, chaos.Kind(i+1), info.Kind, "kinds are in the order of their numbers")
		parsed, err := chaos.ParseKind(name)
		require.NoError(t, err)
		require.Equal(t, info.Kind, parsed)
		require.True(t, strings.HasSuffix(info.Doc, "."), name)
		require.NotEmpty(t, info.Operations, name)
		require.FileExists(t, "fault_"+strings.ReplaceAll(name, "-", "")+".go")
	}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	n := 0
	for _, f := range files {
		if strings.HasPrefix(f.Name(), "fault_") && !strings.HasSuffix(f.Name(), "_test.go") {
			n++
		}
	}
	require.Equal(t, len(kinds), n, "a file fault_*.go without a kind")
}

// What KindInfo says must be what the plan's rules and the injector do.
func TestKindInfoIsTrue(t *testing.T) {
	for _, info := range chaos.Kinds() {
		fault := chaos.Fault{Kind: info.Kind, After: 1}
		if info.Timed {
			fault.Delay = 1
		}
		require.Equal(t, info.Streamed, fault.Validate() == nil, "%s and After", info.Kind)
		fault.After = 0
		fault.Delay = 1
		require.Equal(t, info.Timed, fault.Validate() == nil, "%s and Delay", info.Kind)

		store, injector, _ := inject(t, info.Kind.String()+"=100%", fill(t, 20))
		for _, op := range operations() {
			before := injector.Fired(info.Kind)
			for range 5 {
				op.call(t, store)
			}
			fired := injector.Fired(info.Kind) > before
			require.Equal(t, contains(info.Operations, op.name), fired, "%s on %s", info.Kind, op.name)
		}
	}
}

package mutant_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestEveryMutantIsDescribedAndHasAFile(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range mutant.All() {
		require.False(t, seen[m.Name], "two mutants are named %s", m.Name)
		seen[m.Name] = true
		require.True(t, strings.HasSuffix(m.Doc, "."), m.Name)
		require.NotNil(t, m.Wrap)
		require.FileExists(t, strings.ReplaceAll(m.Name, "-", "_")+".go")
		require.Equal(t, m.Layer == mutant.Client, len(m.NeedsFaults) > 0, "%s: only what sees faults needs them", m.Name)
		for _, kind := range m.NeedsFaults {
			_, err := chaos.ParseKind(kind)
			require.NoError(t, err, m.Name)
		}
		found, err := mutant.Lookup(m.Name)
		require.NoError(t, err)
		require.Equal(t, m.Doc, found.Doc)
	}
	require.Len(t, seen, 15)
	_, err := mutant.Lookup("torn")
	require.ErrorContains(t, err, `"torn"`)
	for _, m := range mutant.All() {
		require.ErrorContains(t, err, m.Name)
	}
	require.Equal(t, "backend client", mutant.Backend.String()+" "+mutant.Client.String())
}

// Every file of a mutant is in All: a mutant that is forgotten there kills nothing.
func TestEveryFileOfAMutantIsListed(t *testing.T) {
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	wrapping := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		source, err := os.ReadFile(f.Name())
		require.NoError(t, err)
		wrapping += strings.Count(string(source), "return Mutant{\n")
	}
	require.Equal(t, wrapping, len(mutant.All())+len(mutant.OfState()))
}

type streamsOnly struct{ eventcore.Store }

func TestAMutantHasAGlobalOrderIfTheStoreHas(t *testing.T) {
	for _, m := range mutant.All() {
		_, has := m.Wrap(newFake()).(eventcore.AllReader)
		require.True(t, has, m.Name)
		_, has = m.Wrap(streamsOnly{newFake()}).(eventcore.AllReader)
		require.False(t, has, m.Name)
	}
}

func TestInstancesShareNothing(t *testing.T) {
	for _, m := range mutant.All() {
		one, two := newFake(), newFake()
		before := program(t, m.Wrap(one), "")
		require.Equal(t, before, program(t, m.Wrap(two), ""), m.Name)
	}
}

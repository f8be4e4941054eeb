package pgtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

// installed makes empty programs in a directory below root.
func installed(t *testing.T, root, dir string, programs ...string) {
	t.Helper()
	dir = filepath.Join(root, dir)
	require.NoError(t, os.MkdirAll(dir, 0o750))
	for _, name := range programs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o700)) //nolint:gosec // a program
	}
}

func TestWhereNothingIsInstalledTheErrorSaysWhatWasSoughtAndWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(pgtest.DSNVariable, "")
	root := t.TempDir()
	place := filepath.Join(root, "*", "bin")
	check := func() {
		t.Helper()
		_, err := pgtest.FindIn(place)
		require.ErrorIs(t, err, pgtest.ErrNotInstalled)
		for _, said := range []string{
			"there is no initdb with postgres beside it on PATH or in " + place,
			"apt-get install postgresql", "dnf install postgresql-server", "brew install postgresql", "EVENTCORE_POSTGRES_DSN",
		} {
			require.ErrorContains(t, err, said)
		}
	}
	check()
	// A client alone, half a server, and what cannot be run.
	installed(t, root, "16/bin", "psql", "initdb")
	installed(t, root, "17/bin", "initdb")
	require.NoError(t, os.WriteFile(filepath.Join(root, "17/bin/postgres"), nil, 0o600))
	check()
}

func TestTheServerIsFoundOnPathFirstThenTheNewestInTheUsualPlaces(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	root := t.TempDir()
	place := filepath.Join(root, "postgresql@*", "bin")
	for _, version := range []string{"9.6", "14", "15", "16"} {
		programs := []string{"initdb", "postgres"}
		if version == "16" {
			programs = programs[:1]
		}
		installed(t, root, "postgresql@"+version+"/bin", programs...)
	}
	found, err := pgtest.FindIn("/nowhere/bin", place)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, "postgresql@15/bin/postgres"), found)

	// As Homebrew does: a link to a program that has the server beside it.
	old, links := filepath.Join(root, "postgresql@14/bin"), t.TempDir()
	require.NoError(t, os.Symlink(filepath.Join(old, "initdb"), filepath.Join(links, "initdb")))
	t.Setenv("PATH", links)
	found, err = pgtest.FindIn(place)
	require.NoError(t, err)
	want, err := filepath.EvalSymlinks(old)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(want, "postgres"), found)
}

func TestTheUsualPlacesAreThoseOfTheSystemsThatAreNamed(t *testing.T) {
	all := strings.Join(pgtest.Places(), " ")
	for system, place := range map[string]string{
		"Debian": "/usr/lib/postgresql/*/bin", "Red Hat": "/usr/pgsql-*/bin",
		"Homebrew on Apple": "/opt/homebrew/opt/postgresql@*/bin", "Homebrew on Intel": "/usr/local/opt/postgresql@*/bin",
	} {
		require.Contains(t, all, place, system)
	}
}

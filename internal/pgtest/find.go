package pgtest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrNotInstalled is what errors.Is finds where no PostgreSQL server is installed.
var ErrNotInstalled = errors.New("PostgreSQL is not installed")

// programs are the paths of the programs that are needed.
type programs struct{ initdb, postgres string }

// places are where packages put the programs that are not on PATH: Debian and Ubuntu,
// Red Hat and Fedora (those of postgresql.org, then their own), Homebrew on Apple and on
// Intel processors, MacPorts, Postgres.app, and what is built from source.
func places() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/lib64/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/opt/homebrew/opt/postgresql/bin",
		"/usr/local/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql/bin",
		"/opt/local/lib/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
		"/usr/local/pgsql/bin",
	}
}

// find looks for the programs on PATH, then in the usual places.
func find() (programs, error) { return findIn(places()) }

// findIn is find with other places.
func findIn(places []string) (programs, error) {
	var dirs []string
	if path, err := exec.LookPath("initdb"); err == nil {
		// What is on PATH is often a link; the server stands beside what it leads to.
		dirs = append(dirs, filepath.Dir(path))
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, place := range places {
		dirs = append(dirs, newestFirst(place)...)
	}
	for _, dir := range dirs {
		found := programs{initdb: filepath.Join(dir, "initdb"), postgres: filepath.Join(dir, "postgres")}
		if isProgram(found.initdb) && isProgram(found.postgres) {
			return found, nil
		}
	}
	return programs{}, fmt.Errorf("pgtest: %w: there is no initdb with postgres beside it on PATH or in %s; "+
		"install the server (Debian, Ubuntu: apt-get install postgresql; Fedora, RHEL: dnf install postgresql-server; "+
		"macOS: brew install postgresql), put its bin directory on PATH, or set %s to a server that runs",
		ErrNotInstalled, strings.Join(places, ", "), DSNVariable)
}

// newestFirst returns the directories that match, by version number.
func newestFirst(pattern string) []string {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil // no pattern of ours is malformed
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	return found
}

// version returns the number in the name of a directory, in tenths: 9.6 is older than 15.
func version(dir string) int {
	number := strings.Trim(strings.TrimLeft(filepath.Base(filepath.Dir(dir)), "abcdefghijklmnopqrstuvwxyz@-"), " ")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0
	}
	return int(10 * v)
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// Available returns nil where [Start] has a server to start or to use, else the error
// that it would return. It starts nothing.
func Available() error {
	if os.Getenv(DSNVariable) != "" {
		return nil
	}
	if _, err := serverUser(); err != nil {
		return err
	}
	_, err := find()
	return err
}

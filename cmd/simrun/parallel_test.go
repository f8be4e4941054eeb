package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// elsewhere is a variable that has the processes open a store beside the one that they are to.
const elsewhere = "SIMRUN_TEST_ELSEWHERE"

// TestMain makes the test binary a process of simrun parallel --processes, and simrun itself
// where a test wants the real signal.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == "process":
		if os.Getenv(elsewhere) != "" {
			os.Args[2] += "-elsewhere"
		}
		main()
	case os.Getenv(tellingRuns) != "":
		tellRuns()
	case os.Getenv(isSimrun) != "":
		main()
	}
	os.Exit(m.Run())
}

func TestParallelRunsRealStores(t *testing.T) {
	code, stdout, stderr := simrun(t, "parallel", "--backend", "memory,file,sqlite", "--scenario", "transfers", "--seeds", "1")
	require.Equal(t, exitPass, code, stdout+stderr)
	for _, name := range []string{"memory", "file", "sqlite"} {
		require.Regexp(t, "transfers on "+name+": pass: 1 runs, [1-9]", stdout)
	}
}

// TestParallelRunsAllStoresThatAreReal where it is not told which.
func TestParallelRunsAllStoresThatAreReal(t *testing.T) {
	for _, more := range [][]string{nil, {"--processes"}} {
		code, stdout, stderr := simrun(t, append([]string{"parallel", "--scenario", "contention", "--seeds", "1"}, more...)...)
		require.Equal(t, exitPass, code, stdout+stderr)
		require.Contains(t, stdout, "contention on file: pass")
		require.Contains(t, stdout, "contention on sqlite: pass")
		require.NotContains(t, stdout, "sqlite-disk")
	}
}

func TestParallelKillsProcesses(t *testing.T) {
	known := []string{"file", "sqlite"}
	if !testing.Short() && missingPostgres() == "" {
		known = append(known, "postgres")
	}
	for _, name := range known {
		code, stdout, stderr := simrun(t, "parallel", "--processes", "--backend", name, "--scenario", "contention", "--seeds", "1")
		require.Equal(t, exitPass, code, stdout+stderr)
		require.Regexp(t, "contention on "+name+": pass: 1 runs, .* [1-9] processes killed", stdout)
	}
}

// TestParallelFindsAPlantedBugAndDoesItAgain from the seed file, which nothing else takes.
func TestParallelFindsAPlantedBugAndDoesItAgain(t *testing.T) {
	out := t.TempDir()
	code, stdout, _ := simrun(t, "parallel", "--backend", "memory", "--scenario", "contention", "--mutant", "lost-append", "--seeds", "20", "--out", out)
	require.Equal(t, exitViolation, code)
	require.Contains(t, stdout, "VIOLATION: ")
	paths, err := filepath.Glob(filepath.Join(out, "*-memory-lost-append-parallel-contention-*.json"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	require.Contains(t, stdout, "go run ./cmd/simrun parallel --file "+paths[0])

	code, stdout, _ = simrun(t, "parallel", "--file", paths[0], "--seeds", "20", "--out", t.TempDir())
	require.Equal(t, exitViolation, code)
	require.Contains(t, stdout, "mutant lost-append")
	code, _, stderr := simrun(t, "replay", paths[0])
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "try its program again with simrun parallel --file")
	code, _, stderr = simrun(t, "parallel", "--file", paths[0], "--seed", "3")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--seed: the file says that")
}

// TestParallelKeepsWhatProcessesDid: a store in another place than the processes' has none of
// what they were told is in it.
func TestParallelKeepsWhatProcessesDid(t *testing.T) {
	t.Setenv(elsewhere, "1")
	out := t.TempDir()
	code, stdout, stderr := simrun(t, "parallel", "--processes", "--backend", "sqlite", "--scenario", "contention", "--seeds", "1", "--out", out)
	require.Equal(t, exitViolation, code, stdout+stderr)
	require.Contains(t, stdout, "invariant acknowledged: ")
	paths, err := filepath.Glob(filepath.Join(out, "*-sqlite-processes-contention-1.json"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	require.Contains(t, stdout, "go run ./cmd/simrun parallel --file "+paths[0])
	code, stdout, _ = simrun(t, "parallel", "--file", paths[0], "--seeds", "1", "--out", t.TempDir())
	require.Equal(t, exitViolation, code)
	require.Contains(t, stdout, "invariant acknowledged: ")
}

func TestParallelNamesWrongFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"--seeds: 0; give at least 1":                   {"--seeds", "0"},
		"--file: open nowhere.json":                     {"--file", "nowhere.json"},
		"--mutant: bugs are not planted in other":       {"--processes", "--mutant", "lost-append"},
		"--backend: sqlite-disk is on a simulated disk": {"--backend", "sqlite-disk"},
		"--backend: memory is in one process":           {"--processes", "--backend", "memory"},
		`--scenario: scenarios: "nothing" is not known`: {"--scenario", "nothing"},
	} {
		code, _, stderr := simrun(t, append([]string{"parallel"}, args...)...)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, want)
	}
}

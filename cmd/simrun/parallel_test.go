package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain makes the test binary a process of simrun parallel --processes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "process" {
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

func TestParallelFindsAPlantedBug(t *testing.T) {
	code, stdout, _ := simrun(t, "parallel", "--backend", "memory", "--scenario", "contention", "--mutant", "lost-append", "--seeds", "20")
	require.Equal(t, exitViolation, code)
	require.Contains(t, stdout, "VIOLATION: ")
}

func TestParallelNamesWrongFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"--seeds: 0; give at least 1":                   {"--seeds", "0"},
		"--mutant: bugs are not planted in other":       {"--processes", "--mutant", "lost-append"},
		"--backend: memory is in one process":           {"--processes", "--backend", "memory"},
		`--scenario: scenarios: "nothing" is not known`: {"--scenario", "nothing"},
	} {
		code, _, stderr := simrun(t, append([]string{"parallel"}, args...)...)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, want)
	}
}

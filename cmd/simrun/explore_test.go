package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExploreProvesAndSaysWhatItTakesForGranted(t *testing.T) {
	code, stdout, stderr := simrun(t, "explore", "--clients", "2", "--out", t.TempDir())
	require.Equal(t, exitPass, code, stdout+stderr)
	require.Contains(t, stdout, "proven: every order of the steps of 2 clients of mixed on memory, without a bound on preemptions, is linearizable: 28, which stand for 252 interleavings")
	require.Contains(t, stdout, "taken for granted: ")

	code, stdout, _ = simrun(t, "explore", "--clients", "2", "--every", "--out", t.TempDir())
	require.Equal(t, exitPass, code)
	require.Contains(t, stdout, "252, which stand for 252 interleavings")
	require.NotContains(t, stdout, "taken for granted: ")

	code, stdout, _ = simrun(t, "explore", "--backend", "file", "--clients", "2", "--ops", "1", "--preemptions", "1", "--out", t.TempDir())
	require.Equal(t, exitPass, code, stdout)
	require.Contains(t, stdout, "proven: every order of the steps of 2 clients of mixed on file, with at most 1 preemptions")

	code, stdout, _ = simrun(t, "explore", "--clients", "2", "--max-runs", "5", "--out", t.TempDir())
	require.Equal(t, exitUndecided, code)
	require.Contains(t, stdout, "undecided: ")
}

func TestExploreNamesTheOrderThatIsWrong(t *testing.T) {
	dir := t.TempDir()
	code, stdout, _ := simrun(t, "explore", "--mutant", "check-outside-lock", "--scenario", "contention", "--only", "increment", "--clients", "2", "--ops", "1", "--out", dir)
	require.Equal(t, exitViolation, code)
	require.Contains(t, stdout, "violation: found at order")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	code, stdout, _ = simrun(t, "replay", files[0], "--verify")
	require.Equal(t, exitViolation, code)
	require.Contains(t, stdout, "reproduced: violation, as the file says")
	require.NotContains(t, stdout, "differs")

	code, stdout, _ = simrun(t, "explore", files[0], "--out", dir)
	require.Equal(t, exitViolation, code, stdout)
}

func TestExploreNamesWrongFlags(t *testing.T) {
	for flag, want := range map[string]string{
		"--preemptions=-2": "--preemptions: -2; give at least 0",
		"--max-runs=0":     "--max-runs: 0; give at least 1",
		"--clients=0":      "give at least 1 each",
		"--only=scream":    `--only: scenario mixed has no operation "scream"; it has [append`,
	} {
		code, _, stderr := simrun(t, "explore", flag)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, want)
	}
}

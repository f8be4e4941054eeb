package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSensitivityWritesItsTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table.md")
	code, _, stderr := simrun(t, "sensitivity", "--mutant", "reordered-batch", "--trials", "1", "--budget", "1m", "--out", path)
	require.Equal(t, exitPass, code, stderr)
	require.Contains(t, stderr, "reordered-batch  1 / 1")
	table, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(table), "| reordered-batch | 1 / 1 | 1 / 1 |")

	for flag, want := range map[string]string{"--trials=0": "--trials: 0 is too few", "--budget=0s": "--budget: 0s is not positive", "--mutant=x": "--mutant: ", "--scheduler=x": "--scheduler: "} {
		code, _, stderr := simrun(t, "sensitivity", flag)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, want)
	}
}

func TestReportWritesASite(t *testing.T) {
	dir := t.TempDir()
	code, stdout, stderr := simrun(t, "run", "--mutant", "torn-append", "--scenario", "transfers", "--backend", "memory", "--seeds", "30", "--out", filepath.Join(dir, "out"), "--report", filepath.Join(dir, "site"))
	require.Equal(t, exitViolation, code, stderr)
	require.Contains(t, stdout, "report: "+filepath.Join(dir, "site", "index.html"))
	require.FileExists(t, filepath.Join(dir, "site", "index.html"))
	pages, err := filepath.Glob(filepath.Join(dir, "site", "*-transfers-*.html"))
	require.NoError(t, err)
	require.Len(t, pages, 2, "the failure and porcupine's picture of it")

	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	code, _, stderr = simrun(t, "run", "--seeds", "1", "--report", filepath.Join(file, "site"))
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--report: site: ")
}

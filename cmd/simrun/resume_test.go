package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// resumable are the flags of runs some of which fail: each failure is written at once.
func resumable(dir string, more ...string) []string {
	return append([]string{
		"run", "--backend", "memory", "--scenario", "contention,mixed", "--seeds", "40", "--mutant", "lost-append", "--keep-going", "--shrink", "0", "--json",
		"--out", filepath.Join(dir, "out"), "--resume", filepath.Join(dir, "journal.json"),
	}, more...)
}

// sumOf returns the summary that simrun printed last, but for what differs from call to call.
func sumOf(t *testing.T, stdout string) (s summary, resumed int) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &s))
	require.Equal(t, "summary", s.Type)
	resumed = s.Resumed
	s.Seconds, s.Resumed, s.Skipped = 0, 0, nil
	return s, resumed
}

// A killed simrun is gone on from as if it had never been killed.
func TestResumeAfterAKill(t *testing.T) {
	whole, parts := t.TempDir(), t.TempDir()
	code, stdout, stderr := simrun(t, resumable(whole)...)
	require.Equal(t, exitViolation, code, stderr)
	want, resumed := sumOf(t, stdout)
	require.Zero(t, resumed)
	require.Equal(t, 80, want.Runs)

	kill(t, resumable(parts, "--parallel", "1"), want.Runs/2)
	code, stdout, stderr = simrun(t, resumable(parts)...)
	require.Equal(t, exitViolation, code, stderr)
	got, resumed := sumOf(t, stdout)
	require.Positive(t, resumed)
	require.Less(t, resumed, want.Runs)
	require.Equal(t, want, got, "traces and all")
	require.Equal(t, names(t, filepath.Join(whole, "out")), names(t, filepath.Join(parts, "out")))

	code, stdout, stderr = simrun(t, resumable(parts)...)
	require.Equal(t, exitViolation, code, stderr)
	again, resumed := sumOf(t, stdout)
	require.Equal(t, want, again)
	require.Equal(t, want.Runs, resumed, "nothing was left to do")
	code, stdout, stderr = simrun(t, resumable(parts, "--seeds", "41")...)
	require.Equal(t, exitViolation, code, stderr)
	longer, _ := sumOf(t, stdout)
	require.Equal(t, want.Runs+2, longer.Runs, "more of them may be asked for")
}

// kill starts simrun, and kills it where that run is judged.
func kill(t *testing.T, args []string, run int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	startTelling(t, cmd, run)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestResumeRefusesWhatIsNotItsOwn(t *testing.T) {
	dir := t.TempDir()
	code, _, stderr := simrun(t, resumable(dir, "--seeds", "1")...)
	require.NotEqual(t, exitUsage, code, stderr)
	seedFile := filepath.Join(dir, "seed.json")
	require.NoError(t, os.WriteFile(seedFile, []byte(`{"seed": 1}`), 0o600))
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"other faults":     {resumable(dir, "--faults", "none"), `it has "mutant lost-append" where this call has "faults none"`},
		"another scenario": {resumable(dir, "--scenario", "mixed"), `it has "nothing more" where this call has "mixed on memory"`},
		"each twice":       {resumable(dir, "--verify"), `where this call has "each twice"`},
		"another seed":     {resumable(dir, "--seed", "7"), `it has "seeds from 1" where this call has "seeds from 7"`},
		"a shard":          {resumable(dir, "--shard", "1/2"), `where this call has "shard 1/2"`},
		"a web site":       {resumable(dir, "--report", filepath.Join(dir, "site")), "leave one of them out"},
		"no journal":       {resumable(dir, "--resume", seedFile), "is no journal of simrun run"},
		"no folder":        {resumable(dir, "--resume", filepath.Join(dir, "none", "journal")), "no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := simrun(t, test.args...)
			require.Equal(t, exitUsage, code)
			require.Contains(t, stderr, test.want)
		})
	}
}

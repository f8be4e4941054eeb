package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// simrun runs the command line and returns its exit code and output.
func simrun(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = newBackends().execute(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestRunPassesAndSaysWhatItReached(t *testing.T) {
	code, stdout, stderr := simrun(t, "--seeds", "30", "--backend", "memory", "--out", t.TempDir())
	require.Equal(t, exitPass, code, stdout+stderr)
	require.Contains(t, stdout, "pass: 300 runs")
	for _, name := range []string{"contention", "transfers", "orders", "write-skew", "mixed", "faults fired:"} {
		require.Contains(t, stdout, name)
	}
	require.Empty(t, stderr)
}

func TestSeedAloneIsOneRun(t *testing.T) {
	code, stdout, _ := simrun(t, "run", "--seed", "7", "--scenario", "mixed", "--backend", "memory", "--out", t.TempDir())
	require.Equal(t, exitPass, code)
	require.Contains(t, stdout, "pass: 1 runs")
}

func TestPlantedBugIsShownKeptAndReplayed(t *testing.T) {
	dir := t.TempDir()
	code, stdout, _ := simrun(t, "run", "--mutant", "torn-append", "--scenario", "transfers", "--seeds", "200", "--out", dir)
	require.Equal(t, exitViolation, code, stdout)
	require.Contains(t, stdout, "VIOLATION: ")
	require.Contains(t, stdout, "mutant torn-append")
	require.LessOrEqual(t, strings.Count(stdout, "\n"), 60, "more than one screen")

	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Contains(t, stdout, "go run ./cmd/simrun replay "+files[0])
	picture, err := os.ReadFile(strings.TrimSuffix(files[0], ".json") + ".html")
	require.NoError(t, err)
	require.Contains(t, string(picture), "account/")
	require.Contains(t, stdout, "shrunk from ")
	require.Contains(t, stdout, "timeline, ")
	require.Contains(t, stdout, "the run before it was shrunk: go run ./cmd/simrun run --seed ")

	trace, html := filepath.Join(dir, "trace.txt"), filepath.Join(dir, "history.html")
	code, replayed, _ := simrun(t, "replay", files[0], "--verify", "--trace", trace, "--html", html)
	require.Equal(t, exitViolation, code)
	require.Contains(t, replayed, "reproduced: violation, as the file says")
	require.NotContains(t, replayed, "differs")
	for path, want := range map[string]string{trace: "phase: safety", html: "<html"} {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(data), want)
	}
}

// plantedFile returns the seed file of a shrunk run.
func plantedFile(t *testing.T, args ...string) (path, stdout string) {
	t.Helper()
	dir := t.TempDir()
	_, stdout, _ = simrun(t, append([]string{
		"run", "--backend", "memory", "--mutant", "check-outside-lock", "--scenario", "contention", "--seeds", "50", "--out", dir,
	}, args...)...)
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0], stdout
}

func TestShowPrintsTheScreenOfASeedFile(t *testing.T) {
	path, _ := plantedFile(t)
	code, shown, _ := simrun(t, "show", path)
	require.Equal(t, exitPass, code, "showing is no judgement")
	require.Contains(t, shown, "VIOLATION: ")
	require.Contains(t, shown, "timeline, ")
	require.Contains(t, shown, "go run ./cmd/simrun replay --step "+path)

	_, mended, _ := simrun(t, "show", path, "--backend", "sqlite")
	require.Contains(t, mended, "backend sqlite")
}

func TestStepWalksThroughARun(t *testing.T) {
	path, _ := plantedFile(t)
	code, walked, stderr := simrun(t, "replay", "--step", "--all", path)
	require.Equal(t, exitViolation, code, stderr)
	for _, want := range []string{"> client 0 begins ", "< client 1 ", "* client ", "    now: counter/1@1", "= violation: "} {
		require.Contains(t, walked, want)
	}
	require.NotContains(t, walked, "Enter")
}

func TestShrinkMakesASeedFileSmaller(t *testing.T) {
	path, whole := plantedFile(t, "--shrink", "0")
	require.NotContains(t, whole, "shrunk from")
	large, err := seedfile.Load(path)
	require.NoError(t, err)
	dir, corpus := t.TempDir(), t.TempDir()

	code, stdout, stderr := simrun(t, "shrink", path, "--out", dir, "--save="+corpus)
	require.Equal(t, exitViolation, code, stderr)
	require.Contains(t, stdout, "shrunk from ")
	require.Contains(t, stdout, "added to the corpus: "+corpus)
	small, err := seedfile.Load(filepath.Join(dir, filepath.Base(path)))
	require.NoError(t, err)
	require.Equal(t, large.Expect, small.Expect)
	require.Less(t, small.Program.Len(), large.Program.Len())
	require.Equal(t, large.Program.Len(), small.From.Operations)

	_, stdout, _ = simrun(t, "shrink", path, "--out", dir, "--save="+corpus)
	require.Contains(t, stdout, "not added to the corpus: ")
}

func TestSaveAddsTheShrunkRunOnce(t *testing.T) {
	corpus := t.TempDir()
	_, first := plantedFile(t, "--save="+corpus)
	require.Contains(t, first, "added to the corpus: "+corpus)
	_, second := plantedFile(t, "--save="+corpus)
	require.Contains(t, second, "not added to the corpus: ")
	files, err := filepath.Glob(filepath.Join(corpus, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
}

func TestAFileThatDoesNotReproduceIsNotShrunk(t *testing.T) {
	path, _ := plantedFile(t)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	mended := strings.Replace(string(data), `"mutant": "check-outside-lock",`, "", 1)
	require.NoError(t, os.WriteFile(path, []byte(mended), 0o600))
	code, stdout, _ := simrun(t, "shrink", path, "--out", t.TempDir())
	require.Equal(t, exitViolation, code)
	require.Contains(t, stdout, "NOT-REPRODUCED: the run failed with lost update (violation); replayed, it came to ")
}

func TestReplayThatComesOutOtherwiseSaysSo(t *testing.T) {
	dir := t.TempDir()
	simrun(t, "run", "--mutant", "torn-append", "--scenario", "transfers", "--seeds", "200", "--out", dir)
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	mended := strings.Replace(string(data), `"mutant": "torn-append",`, "", 1)
	require.NoError(t, os.WriteFile(files[0], []byte(mended), 0o600))

	_, replayed, _ := simrun(t, "replay", files[0])
	require.Contains(t, replayed, "not as the file says: expected verdict violation, got")
}

func TestJSONHasOneObjectALine(t *testing.T) {
	code, stdout, _ := simrun(t, "run", "--json", "--mutant", "torn-append", "--scenario", "transfers", "--seeds", "200", "--out", t.TempDir())
	require.Equal(t, exitViolation, code)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 2)

	var failed failure
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &failed))
	require.Equal(t, sim.Violation, failed.Verdict)
	require.Equal(t, "torn-append", failed.Mutant)
	require.NotEmpty(t, failed.Findings)
	require.FileExists(t, failed.SeedFile)

	var all summary
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &all))
	require.Equal(t, sim.Violation, all.Verdict)
	require.Equal(t, 1, all.Verdicts[sim.Violation])
	require.Positive(t, all.Calls)
}

func TestKeepGoingShowsEveryFailure(t *testing.T) {
	code, stdout, _ := simrun(t, "run", "--keep-going", "--backend", "memory", "--mutant", "lost-append", "--scenario", "contention", "--seeds", "40", "--out", t.TempDir())
	require.Equal(t, exitViolation, code)
	require.Greater(t, strings.Count(stdout, "VIOLATION: "), 1)
	require.Contains(t, stdout, "violation: 40 runs")
}

func TestWrongUsageNamesTheFlagAndTheWayOut(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"scenario":      {[]string{"run", "--scenario", "transfer"}, `--scenario: scenarios: "transfer" is not known; known: contention`},
		"backend":       {[]string{"run", "--backend", "oracle"}, `--backend: unknown backend "oracle"; known: memory, file, sqlite, sqlite-disk, postgres`},
		"scheduler":     {[]string{"run", "--scheduler", "fair"}, `--scheduler: unknown scheduler "fair"; known: random, round-robin`},
		"faults":        {[]string{"run", "--faults", "explode=5%"}, `--faults: `},
		"mutant":        {[]string{"run", "--mutant", "none"}, `--mutant: `},
		"parallel":      {[]string{"run", "--parallel", "0"}, `--parallel: 0 seeds at once are not possible`},
		"seeds":         {[]string{"run", "--seeds", "-1"}, `--seeds: -1 is negative`},
		"duration":      {[]string{"run", "--duration", "-1s"}, `--duration: -1s is negative`},
		"check timeout": {[]string{"run", "--check-timeout", "0"}, `--check-timeout: 0s is not positive`},
		"seed":          {[]string{"run", "--seed", "one"}, `invalid argument "one" for "--seed"`},
		"flag":          {[]string{"run", "--speed", "1"}, `unknown flag: --speed`},
		"command":       {[]string{"rum"}, `unknown command "rum" for "simrun"`},
		"no file":       {[]string{"replay"}, `accepts 1 arg(s), received 0`},
		"shrink":        {[]string{"run", "--shrink", "-1s"}, `--shrink: -1s is negative`},
		"limit":         {[]string{"shrink", "x.json", "--limit", "0"}, `--limit: 0s is not positive`},
		"show nothing":  {[]string{"show"}, `accepts 1 arg(s), received 0`},
		"missing file":  {[]string{"replay", "/no/such/file"}, `/no/such/file: no such file`},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := simrun(t, test.args...)
			require.Equal(t, exitUsage, code)
			require.Contains(t, stderr, test.want)
			require.Contains(t, stderr, "See simrun --help.")
		})
	}
}

func TestInterruptedRunSummarisesWhatRan(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := newBackends().execute(ctx, []string{"run", "--out", t.TempDir()}, &out, &errs)
	require.Equal(t, exitUndecided, code)
	require.Contains(t, out.String(), "interrupted")
	require.Contains(t, out.String(), "undecided: 0 runs")
}

func TestFaultThatCannotFireIsVacuous(t *testing.T) {
	// No scenario but mixed and the reads of commands stream 99,999 events.
	code, stdout, _ := simrun(t, "run", "--faults", "fail-read@c0.0+99999", "--seeds", "1", "--scenario", "contention", "--out", t.TempDir())
	require.Equal(t, exitUndecided, code)
	require.Contains(t, stdout, "VACUOUS: fault fail-read@c0.0+99999 was asked for and never fired")
}

func TestListNamesEverythingFlagsAccept(t *testing.T) {
	code, stdout, _ := simrun(t, "list")
	require.Equal(t, exitPass, code)
	for _, want := range []string{"memory", "transfers", "round-robin", "fail-after", "torn-append"} {
		require.Contains(t, stdout, want)
	}
}

package main

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
	"github.com/eventcore-go/eventcore-sim/sim/fleet"
)

// isSimrun is a variable that makes the test binary simrun.
const isSimrun = "SIMRUN_TEST_IS_SIMRUN"

// fleetDatabase returns the connection string of an empty database.
func fleetDatabase(t *testing.T) string {
	t.Helper()
	if err := pgtest.Available(); err != nil {
		t.Skip(err)
	}
	cluster, err := pgtest.Start(t.Context(), pgtest.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Close()) })
	db, err := cluster.Database(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db.DSN
}

// startWorker starts a worker process.
func startWorker(t *testing.T, dsn string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "fleet", "work", "--dsn", dsn, "--parallel", "1", "--beat", "100ms", "--lost", "1s")
	cmd.Env = append(os.Environ(), isSimrun+"=1")
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard // those that die have much to say
	require.NoError(t, cmd.Start())
	return cmd
}

// statusOf returns the status of the newest campaign and the exit code that it has.
func statusOf(t *testing.T, dsn string, more ...string) (s fleet.Status, code int) {
	t.Helper()
	code, stdout, stderr := simrun(t, append([]string{"fleet", "status", "--dsn", dsn, "--json"}, more...)...)
	require.NoError(t, json.Unmarshal([]byte(stdout), &s), stdout+stderr)
	return s, code
}

// TestAFleetWhoseWorkersAreKilledCountsEachSeedOnce has worker processes with a planted bug
// killed at random moments and others started in their place.
func TestAFleetWhoseWorkersAreKilledCountsEachSeedOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server and kills processes for some seconds")
	}
	dsn := fleetDatabase(t)
	const seeds = 400
	code, stdout, stderr := simrun(t, "fleet", "submit", "--dsn", dsn, "--seed", "11", "--seeds", "400", "--range", "8",
		"--scenario", "contention,write-skew", "--mutant", "unchecked-participant")
	require.Equal(t, exitPass, code, stdout+stderr)
	require.Contains(t, stdout, "campaign 1: 400 seeds in 50 ranges")
	_, code = statusOf(t, dsn)
	require.Equal(t, exitUndecided, code)

	workers := []*exec.Cmd{startWorker(t, dsn), startWorker(t, dsn), startWorker(t, dsn)}
	kills := 0
	for began := time.Now(); ; {
		s, _ := statusOf(t, dsn)
		if s.Complete() {
			break
		}
		require.Less(t, time.Since(began), 3*time.Minute, "%+v", s)
		time.Sleep(time.Duration(200+rand.IntN(300)) * time.Millisecond)
		if s.Running == 0 || kills == 8 {
			continue
		}
		n := 1 + rand.IntN(len(workers)-1)
		require.NoError(t, workers[n].Process.Kill())
		_ = workers[n].Wait() // it was killed
		workers[n] = startWorker(t, dsn)
		kills++
	}
	require.NoError(t, workers[0].Process.Signal(os.Interrupt))
	require.NoError(t, workers[0].Wait(), "a worker that is interrupted has done nothing wrong")
	for _, w := range workers[1:] { // which may just be starting
		require.NoError(t, w.Process.Kill())
		_ = w.Wait() // it was killed
	}
	require.Positive(t, kills)

	out, site := t.TempDir(), t.TempDir()
	s, code := statusOf(t, dsn, "--out", out, "--report", site)
	require.Equal(t, exitViolation, code)
	require.Equal(t, uint64(seeds), s.Seeds)
	require.Len(t, s.Workloads, 2)
	failed := int64(0)
	for _, w := range s.Workloads {
		require.EqualValues(t, seeds, w.Runs, w.Scenario)
		failed += w.Failed
	}
	require.Positive(t, s.Again, "no worker was killed with a range in hand")
	found := int64(0)
	for _, f := range s.Failures {
		found += f.Found
	}
	require.Equal(t, failed, found)
	t.Logf("%d kills, %d ranges taken again, %d failures of %d kinds", kills, s.Again, failed, len(s.Failures))

	files, err := filepath.Glob(filepath.Join(out, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, len(s.Failures))
	code, stdout, stderr = simrun(t, "replay", files[0])
	require.Equal(t, exitViolation, code, stdout+stderr)
	require.Contains(t, stdout, "reproduced: violation, as the file says")
	index, err := os.ReadFile(filepath.Join(site, "index.html"))
	require.NoError(t, err)
	require.Contains(t, string(index), "write-skew")
}

func TestAFleetSaysWhatIsWrong(t *testing.T) {
	t.Setenv(fleetDSN, "")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"status"}, "Give --dsn postgres://… or set " + fleetDSN},
		{[]string{"work", "--parallel", "0"}, "0 ranges at once are not possible"},
		{[]string{"work", "--lost", "3s"}, "3s is less than two beats of 5s"},
		{[]string{"submit", "--seeds", "0"}, "--seeds: give at least 1"},
		{[]string{"submit", "--range", "0"}, "--range: give at least 1"},
		{[]string{"submit", "--mutant", "none"}, `--mutant: `},
		{[]string{"submit", "--backend", "oracle"}, `unknown backend "oracle"`},
		{[]string{"status", "--every", "-1s"}, "-1s is not positive"},
	} {
		code, stdout, stderr := simrun(t, append([]string{"fleet"}, c.args...)...)
		require.Equal(t, exitUsage, code, c.args)
		require.Contains(t, stdout+stderr, c.want)
	}
}

func TestAFleetTellsSecondCrashesFromFirstOnes(t *testing.T) {
	dsn := fleetDatabase(t)
	for _, args := range [][]string{
		{"submit", "--seeds", "12", "--backend", "file", "--scenario", "mixed"}, {"work", "--drain"}, {"status"},
	} {
		code, stdout, stderr := simrun(t, append(append([]string{"fleet"}, args...), "--dsn", dsn)...)
		require.Equal(t, exitPass, code, stdout+stderr)
		if args[0] == "status" {
			require.Regexp(t, `\ncrashes: [1-9]\d*, [1-9]\d* of them in the middle of a recovery \([1-9]\d* were to come so\)\n`, stdout)
			require.NotContains(t, stdout, "server crashes")
		}
	}
}

package seedfile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

func backend() sim.Backend {
	return sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return memory.New(memory.Config{Clock: env.Clock}), nil
	}}
}

// failing returns a run that found a planted bug.
func failing(t testing.TB) *sim.Result {
	t.Helper()
	m, err := mutant.Lookup("torn-append")
	require.NoError(t, err)
	s, err := scenarios.Lookup("transfers")
	require.NoError(t, err)
	for seed := range uint64(200) {
		r, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: backend(), Scenario: s, Mutant: &m})
		require.NoError(t, err)
		if r.Failed() {
			return r
		}
	}
	t.Fatal("no seed found the planted bug")
	return nil
}

func TestSavedRunReplaysToTheSameTrace(t *testing.T) {
	original := failing(t)
	path, err := seedfile.Of(original).Save(filepath.Join(t.TempDir(), "new", "folder"))
	require.NoError(t, err)
	file, err := seedfile.Load(path)
	require.NoError(t, err)
	require.Equal(t, seedfile.Of(original), file)

	cfg, err := file.Config(backend())
	require.NoError(t, err)
	replayed, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Nil(t, sim.Compare(original.Trace, replayed.Trace))
	require.Equal(t, original.Findings, replayed.Findings)
	require.NoError(t, file.Check(replayed))
}

// TestTwoWhoSaveOneFileDoNotMeet: machines of a fleet share a folder, and find the same.
func TestTwoWhoSaveOneFileDoNotMeet(t *testing.T) {
	file, dir := seedfile.Of(failing(t)), t.TempDir()
	var all sync.WaitGroup
	failed := make([]error, 4)
	for i := range failed {
		all.Go(func() {
			for range 50 {
				_, err := file.Save(dir)
				failed[i] = errors.Join(failed[i], err)
			}
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(failed...))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	saved, err := seedfile.Load(filepath.Join(dir, file.Name()))
	require.NoError(t, err)
	require.Equal(t, file, saved)
}

func TestReplayNeedsNoGenerator(t *testing.T) {
	file := seedfile.Of(failing(t))
	cfg, err := file.Config(backend())
	require.NoError(t, err)
	cfg.Scenario.Generate = nil
	replayed, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.NoError(t, file.Check(replayed))
}

func TestCheckSaysHowARunDiffers(t *testing.T) {
	r := failing(t)
	file := seedfile.Of(r)
	require.NoError(t, file.Check(r))

	other := file
	other.Expect.Verdict = sim.Pass
	require.ErrorContains(t, other.Check(r), "expected verdict pass, got violation")

	other = file
	other.Expect.Anomaly = "write skew across streams"
	require.ErrorContains(t, other.Check(r), `expected anomaly "write skew across streams", found "`)
}

func TestNameHoldsWhatTellsFilesApart(t *testing.T) {
	file := seedfile.File{Backend: "memory", Scenario: "mixed", Seed: 7, Expect: seedfile.Expect{Verdict: sim.Violation, Anomaly: "torn append (half)"}}
	require.Equal(t, "torn-append-half-memory-mixed-7.json", file.Name())
	file.Mutant = "stale-read"
	file.Expect.Anomaly = ""
	require.Equal(t, "violation-memory-stale-read-mixed-7.json", file.Name())
}

// TestARunInRealTimeIsDoneAgainAndNotReplayed: nothing of it but what was asked for is the same.
func TestARunInRealTimeIsDoneAgainAndNotReplayed(t *testing.T) {
	m, err := mutant.Lookup("wrong-version-result")
	require.NoError(t, err)
	s, err := scenarios.Lookup("transfers")
	require.NoError(t, err)
	for seed := uint64(1); seed <= 20; seed++ {
		r, err := sim.Parallel(t.Context(), sim.Config{Seed: seed, Backend: backend(), Scenario: s, Mutant: &m})
		require.NoError(t, err)
		if !r.Failed() {
			continue
		}
		path, err := seedfile.OfParallel(r).Save(t.TempDir())
		require.NoError(t, err)
		require.Contains(t, filepath.Base(path), "-memory-wrong-version-result-parallel-transfers-")
		file, err := seedfile.Load(path)
		require.NoError(t, err)
		require.Equal(t, seedfile.OfParallel(r), file)
		_, err = file.Config(backend())
		require.ErrorContains(t, err, "real_time: the run was one in real time")
		cfg, err := file.ParallelConfig(backend())
		require.NoError(t, err)
		again, err := sim.Parallel(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, r.Program, again.Program)
		require.Equal(t, sim.Violation, again.Verdict)
		return
	}
	t.Fatal("no seed found the planted bug")
}

func TestBrokenFilesAreRefusedByField(t *testing.T) {
	data, err := seedfile.Of(failing(t)).Format()
	require.NoError(t, err)
	good := string(data)
	for name, test := range map[string]struct{ from, to, want string }{
		"not JSON":          {`"backend"`, `backend`, "line 7: invalid character"},
		"unknown field":     {`"backend"`, `"backened"`, `unknown field "backened"`},
		"no backend":        {`"backend": "memory"`, `"backend": ""`, "backend: it is missing"},
		"version":           {`"version": 3`, `"version": 9`, "version: 9 is not known here; known: 1 to 3"},
		"rate":              {`"faults": "none"`, `"faults": "cancel=5%"`, "faults: cancel=5% is a rate; since version 2 every fault names its call"},
		"was":               {`"anomaly"`, `"was": "lost append", "anomaly"`, `expect.was: it is "lost append", of a bug that was mended, but the verdict is violation`},
		"verdict":           {`"verdict": "violation"`, `"verdict": "bad"`, `expect.verdict: "bad" is none of [pass`},
		"fault":             {`"faults": "`, `"faults": "explode@c0.1,`, "explode"},
		"schedule":          {`"schedule": "`, `"schedule": "x `, `schedule: "x" is not a task ID`},
		"stream":            {`"streams": [`, `"streams": ["a*b",`, `contains '*'`},
		"kills alone":       {`"trace"`, `"real_time": {"kills": [1]}, "trace"`, "real_time.processes: it is 0, with 1 kills"},
		"too few kills":     {`"trace"`, `"real_time": {"processes": 2, "kills": [1, 0, 3]}, "trace"`, "real_time.kills: there are 3, for 2 processes at a time"},
		"trailing":          {"\n}\n", "\n}\n{}", "there is something behind the closing brace"},
		"seed not a number": {`"seed": `, `"seed": "one", "seed": `, "seed"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(good, test.from, test.to, 1)
			require.NotEqual(t, good, bad)
			_, err := seedfile.Parse([]byte(bad))
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "seed file: ")
		})
	}
}

func TestConfigRefusesWhatDoesNotFitByField(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*seedfile.File)
		want   string
	}{
		"scenario": {func(f *seedfile.File) { f.Scenario = "transfer" }, `seed file: scenario: scenarios: "transfer" is not known; known: contention`},
		"mutant":   {func(f *seedfile.File) { f.Mutant = "none" }, "seed file: mutant: "},
		"program":  {func(f *seedfile.File) { f.Program.Clients = [][]scenarios.Op{{{Do: "dance"}}} }, "seed file: program: "},
	} {
		t.Run(name, func(t *testing.T) {
			file := seedfile.Of(failing(t))
			test.change(&file)
			_, err := file.Config(backend())
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.json")
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err := seedfile.Load(path)
	require.ErrorContains(t, err, path)
	_, err = seedfile.Load(path + ".none")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Files of the first version are still read and still show what they showed.
func TestFilesOfVersionOneReplay(t *testing.T) {
	file, err := seedfile.Load(filepath.Join("testdata", "version1.json"))
	require.NoError(t, err)
	require.Equal(t, 1, file.Version)
	cfg, err := file.Config(backend())
	require.NoError(t, err)
	r, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.NoError(t, file.Check(r))
	require.Equal(t, file.Trace, seedfile.Of(r).Trace)

	rated := strings.Replace(string(mustRead(t, "version1.json")), `"faults": "`, `"faults": "cancel=5%, `, 1)
	_, err = seedfile.Parse([]byte(rated))
	require.NoError(t, err, "the first version may have rates")
}

func mustRead(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return data
}

func TestTheCorpusKeepsTheSmallestFileOfASignature(t *testing.T) {
	dir := t.TempDir()
	large := seedfile.Of(failing(t))
	path, added, err := seedfile.Add(dir, large)
	require.NoError(t, err)
	require.True(t, added)

	same := large
	same.Seed++
	again, added, err := seedfile.Add(dir, same)
	require.NoError(t, err)
	require.False(t, added)
	require.Equal(t, path, again)

	small := same
	small.Program.Clients = small.Program.Clients[:1]
	smaller, added, err := seedfile.Add(dir, small)
	require.NoError(t, err)
	require.True(t, added)
	require.NoFileExists(t, path)

	other := large
	other.Expect.Anomaly = "write skew"
	_, added, err = seedfile.Add(dir, other)
	require.NoError(t, err)
	require.True(t, added)
	require.FileExists(t, smaller)

	// A folder that holds something else is not taken for a corpus.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.json"), []byte("{"), 0o600))
	_, _, err = seedfile.Add(dir, large)
	require.ErrorContains(t, err, "broken.json")
}

func TestSignaturesTellAnomaliesStoresAndFaultsApart(t *testing.T) {
	base := seedfile.File{Backend: "memory", Expect: seedfile.Expect{Anomaly: "lost append"}}
	require.Equal(t, "lost append, memory", base.Signature())

	planted := base
	planted.Mutant = "stale-read"
	planted.Crashes = []sim.Crash{{Step: 1, Kind: sim.CrashPower}}
	planted.Faults = chaos.Explicit(chaos.Fault{Kind: chaos.FailAfter}, chaos.Fault{Kind: chaos.FailAfter, Call: 3})
	require.Equal(t, "lost append, memory, mutant stale-read, crash, fail-after", planted.Signature())

	mended := base
	mended.Expect = seedfile.Expect{Verdict: sim.Pass, Was: "lost append"}
	require.Equal(t, base.Signature(), mended.Signature())
	mended.Scenario = "mixed"
	require.Equal(t, "lost-append-memory-mixed-0.json", mended.Name())
}

func FuzzParse(f *testing.F) {
	data, err := seedfile.Of(failing(f)).Format()
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"version":1}`))
	f.Add(mustRead(f, "version1.json"))
	f.Add([]byte(strings.Replace(string(data), `"trace"`, `"from": {"clients": 2, "operations": 9, "steps": 100}, "trace"`, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := seedfile.Parse(data)
		if err != nil {
			require.ErrorContains(t, err, "seed file: ")
			require.Zero(t, file)
			return
		}
		written, err := file.Format()
		require.NoError(t, err)
		again, err := seedfile.Parse(written)
		require.NoError(t, err)
		rewritten, err := again.Format()
		require.NoError(t, err)
		require.Equal(t, string(written), string(rewritten))
	})
}

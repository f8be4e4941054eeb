package seedfile_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
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

func TestBrokenFilesAreRefusedByField(t *testing.T) {
	data, err := seedfile.Of(failing(t)).Format()
	require.NoError(t, err)
	good := string(data)
	for name, test := range map[string]struct{ from, to, want string }{
		"not JSON":          {`"backend"`, `backend`, "line 7: invalid character"},
		"unknown field":     {`"backend"`, `"backened"`, `unknown field "backened"`},
		"no backend":        {`"backend": "memory"`, `"backend": ""`, "backend: it is missing"},
		"version":           {`"version": 1`, `"version": 9`, "version: 9 is not known here; known: 1 to 1"},
		"verdict":           {`"verdict": "violation"`, `"verdict": "bad"`, `expect.verdict: "bad" is none of [pass`},
		"fault":             {`"faults": "`, `"faults": "explode@c0.1,`, "explode"},
		"schedule":          {`"schedule": "`, `"schedule": "x `, `schedule: "x" is not a task ID`},
		"stream":            {`"streams": [`, `"streams": ["a*b",`, `contains '*'`},
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

func FuzzParse(f *testing.F) {
	data, err := seedfile.Of(failing(f)).Format()
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := seedfile.Parse(data)
		if err != nil {
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

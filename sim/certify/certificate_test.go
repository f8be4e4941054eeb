package certify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	memstore "github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// sample is a certificate with something of everything.
func sample() *certify.Certificate {
	return &certify.Certificate{
		Version: certify.CertificateVersion, Go: "go1.26.8", Platform: "linux/amd64", Level: certify.Sequential, Seconds: 1.25,
		Backend: certify.Built{Name: "mine", Module: "example.org/mine", Version: "v1.2.3"},
		Harness: certify.Built{Module: "github.com/eventcore-go/eventcore-sim", Version: "v0.4.0"},
		Mutant:  "torn-append",
		Levels: []certify.LevelStatus{
			{Level: certify.Sequential, Meaning: certify.Sequential.Meaning(), Reached: true},
			{Level: certify.Concurrent, Meaning: certify.Concurrent.Meaning(), Missing: []string{"R-SIM-03"}},
		},
		Abilities: []certify.AbilityStatus{
			{Ability: certify.MultiStream, Status: certify.Failed, Passed: 1, Of: 2, Reason: "R-SIM-03: seed 7: torn"},
			{Ability: certify.Leadership, Status: certify.NotCertified, Of: 2, Reason: "the store does not implement eventcore.Coordinator"},
		},
		Requirements: []certify.RequirementStatus{
			{ID: "R-APPEND-01", Rule: "versions count", Level: certify.Sequential, Status: certify.Passed},
			{ID: "R-SIM-03", Rule: "batches are whole", Level: certify.Concurrent, Status: certify.Failed, Reason: "seed 7: torn <append>", SeedFile: "testdata/sim/torn.json"},
			{ID: "R-SIM-09", Rule: "one leader", Level: certify.Concurrent, Status: certify.NotCertified, Reason: "the store does not implement eventcore.Coordinator"},
		},
		Runs: certify.Runs{
			Runs: 120, Schedules: 119, Schedulers: map[string]int{"random": 100, "pct": 20}, Steps: 4000, Operations: 900, Overlaps: 300,
			Applied: 200, Conflicts: 50, Unknown: 9, Crashes: 12, Again: 3, Lost: 30, Torn: 4, Unconfirmed: 1,
			Faults:    []certify.Fired{{Kind: "fail-before", Fired: 20}, {Kind: "delay", Fired: 7}},
			Scenarios: []certify.ScenarioRuns{{Scenario: "transfers", Phase: "drawn", Runs: 100, First: 1, Last: 100}},
		},
	}
}

func TestCertificateForms(t *testing.T) {
	c := sample()
	for ending, write := range map[string]func(io.Writer) error{".txt": c.WriteText, ".json": c.WriteJSON, ".xml": c.WriteJUnit} {
		var text bytes.Buffer
		require.NoError(t, write(&text))
		golden(t, filepath.Join("testdata", "certificate"+ending), text.Bytes())
	}

	dir := t.TempDir()
	path, err := c.Save(dir)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "mine.txt"), path)
	text, err := os.ReadFile(filepath.Join(dir, "mine.json"))
	require.NoError(t, err)
	var back certify.Certificate
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, *c, back)
	text, err = os.ReadFile(filepath.Join(dir, "mine.xml"))
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(text, new(struct{})))
}

// quick are settings for a certification that takes a second or two.
func quick(t *testing.T, seeds uint64) certify.Settings {
	t.Helper()
	return certify.Settings{First: 1, Seeds: seeds, Dir: t.TempDir(), Brief: true}
}

func inMemory(wrap func(*memstore.Store) eventcore.Store) sim.Backend {
	return sim.Backend{Name: "mem", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return wrap(memstore.New(memstore.Config{Clock: env.Clock})), nil
	}}
}

func asIs(s *memstore.Store) eventcore.Store { return s }

// noLazy leaves out the rule that takes longest.
func noLazy() certify.Option { return certify.WithContract(storetest.Without("R-LAZY")) }

func check(t *testing.T, b sim.Backend, s certify.Settings, opts ...certify.Option) *certify.Certificate {
	t.Helper()
	var log bytes.Buffer
	c, err := certify.Check(t.Context(), b, s, &log, opts...)
	require.NoError(t, err)
	t.Logf("%s: %s", b.Name, c.LevelLine())
	if t.Failed() {
		t.Log(log.String())
	}
	return c
}

func status(t *testing.T, c *certify.Certificate, id string) certify.RequirementStatus {
	t.Helper()
	for _, r := range c.Requirements {
		if r.ID == id {
			return r
		}
	}
	require.Fail(t, "no requirement "+id)
	return certify.RequirementStatus{}
}

func TestRightStoresReachTheirLevels(t *testing.T) {
	c := check(t, inMemory(asIs), quick(t, 20))
	require.Equal(t, certify.FaultTolerant, c.Level, "%+v", c.Levels)
	require.False(t, c.Failed())
	require.Equal(t, "github.com/eventcore-go/eventcore-sim", c.Harness.Module)
	require.NotEmpty(t, c.Runs.Faults)
	require.Equal(t, []certify.Ability{certify.SecondHandle, certify.Resources, certify.Network, certify.Checksums}, c.Lacking())
	requireShares(t, c, 20)
	crash := status(t, c, "R-CRASH-01")
	require.Equal(t, certify.NotCertified, crash.Status)
	require.Contains(t, crash.Reason, "no crash hook")

	if testing.Short() {
		return
	}
	c = check(t, sim.Backend{Name: "file", Durable: true, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		return file.Open(ctx, "", file.Config{FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random)})
	}}, quick(t, 20))
	require.Equal(t, certify.Durable, c.Level, "%+v", c.Levels)
}

// requireShares requires that the seeds of each scenario were shared out: each ran once, some
// without faults and the others with those drawn.
func requireShares(t *testing.T, c *certify.Certificate, seeds int) {
	t.Helper()
	shares := make(map[string]map[string]certify.ScenarioRuns)
	for _, s := range c.Runs.Scenarios {
		if shares[s.Scenario] == nil {
			shares[s.Scenario] = make(map[string]certify.ScenarioRuns)
		}
		shares[s.Scenario][s.Phase] = s
	}
	for _, s := range scenarios.All() {
		quiet, drawn := shares[s.Name]["quiet"], shares[s.Name]["drawn"]
		require.Positive(t, quiet.Runs, s.Name)
		require.Equal(t, seeds, quiet.Runs+drawn.Runs, s.Name)
		require.Equal(t, drawn.Last+1, quiet.First, s.Name)
		require.EqualValues(t, seeds, quiet.Last, s.Name)
	}
	require.NotContains(t, shares["single"], "drawn", "mixed stands for it")
	require.Equal(t, certify.Passed, status(t, c, "R-SIM-02").Status)
	require.Equal(t, certify.Passed, status(t, c, "R-FAULT-02").Status)
}

func TestContractThatIsCheckedElsewhereIsNotCertified(t *testing.T) {
	c := check(t, inMemory(asIs), certify.Settings{First: 1, Seeds: 20, Scenario: "contention", Dir: t.TempDir()}, certify.WithoutContract())
	require.Equal(t, certify.NoLevel, c.Level)
	require.Equal(t, certify.Passed, status(t, c, "R-SIM-01").Status)
	require.Equal(t, certify.NotCertified, status(t, c, "R-SIM-06").Status)
	for _, r := range storetest.Requirements() {
		got := status(t, c, r.ID)
		require.Equal(t, certify.NotCertified, got.Status, r.ID)
		require.Contains(t, got.Reason, "certify.WithoutContract", r.ID)
	}
}

func TestPlantedBugFailsItsRequirementAndLevel(t *testing.T) {
	m, err := mutant.Lookup("torn-append")
	require.NoError(t, err)
	settings := quick(t, 60)
	settings.Mutant, settings.Scenario = &m, "transfers"
	c := check(t, inMemory(asIs), settings, noLazy())
	require.True(t, c.Failed())
	require.Equal(t, "torn-append", c.Mutant)
	torn := status(t, c, "R-FAULT-03")
	require.Equal(t, certify.Failed, torn.Status, "%+v", torn)
	require.Equal(t, settings.Dir, filepath.Dir(torn.SeedFile))
	saved, err := seedfile.Load(torn.SeedFile)
	require.NoError(t, err)
	require.Equal(t, "torn-append", saved.Mutant)
	require.NotEqual(t, certify.FaultTolerant, c.Level)
	require.NotEqual(t, certify.Durable, c.Level)
	// The other scenarios did not run.
	require.Equal(t, certify.NotCertified, status(t, c, "R-SIM-06").Status)
}

// forgetful is a store that loses a read-only participant.
type forgetful struct{ *memstore.Store }

func (s forgetful) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	written := make(map[int]bool)
	for _, e := range w.Events() {
		written[e.Participant] = true
	}
	var kept eventcore.Writes
	for i, p := range w.Participants() {
		if written[i] {
			if err := kept.Expect(p.Stream, p.Expected); err != nil {
				return eventcore.Appended{}, err
			}
		}
	}
	for _, e := range w.Events() {
		if err := kept.Append(w.Participants()[e.Participant].Stream, e.Event); err != nil {
			return eventcore.Appended{}, err
		}
	}
	return s.Store.Append(ctx, kept)
}

func TestContractFailureIsInTheWayOfEveryLevel(t *testing.T) {
	c := check(t, inMemory(func(s *memstore.Store) eventcore.Store { return forgetful{s} }), quick(t, 20), noLazy())
	require.Equal(t, certify.NoLevel, c.Level)
	require.Equal(t, certify.Failed, status(t, c, "R-APPEND-03").Status)
	skew := status(t, c, "R-SIM-05")
	require.Equal(t, certify.Failed, skew.Status)
	require.FileExists(t, skew.SeedFile)
}

func TestWhatIsDeclaredIsLeftOutAndNeverPassed(t *testing.T) {
	// A store whose appends take one stream, without a global order.
	type streams struct{ eventcore.Store }
	narrowest := inMemory(func(s *memstore.Store) eventcore.Store {
		return streams{narrow{Store: s, cannot: scenarios.MultiStream}}
	})
	c := check(t, narrowest, quick(t, 20), certify.Without(certify.MultiStream, certify.ReadOnly))
	require.False(t, c.Failed())
	require.Equal(t, certify.FaultTolerant, c.Level, "%+v", c.Levels)
	for _, r := range certify.Requirements() {
		got := status(t, c, r.ID)
		if len(r.Needs) > 0 && r.ID != "R-DET-01" {
			require.Equal(t, certify.NotCertified, got.Status, r.ID)
			require.NotEmpty(t, got.Reason, r.ID)
		}
	}
	require.Contains(t, c.LevelLine(), "not certified in full: multi-stream appends, read-only participants, global order")

	// Not declared, the same is a failure.
	c = check(t, narrowest, certify.Settings{First: 1, Seeds: 1, Only: true, Scenario: "contention", Dir: t.TempDir()}, noLazy())
	require.Equal(t, certify.NoLevel, c.Level)
	require.Equal(t, certify.Failed, status(t, c, "R-APPEND-13").Status)

	_, err := certify.Check(t.Context(), narrowest, quick(t, 1), io.Discard, certify.Without(certify.GlobalOrder))
	require.ErrorContains(t, err, "found by type assertion")
}

func TestFewRunsProveNothing(t *testing.T) {
	c := check(t, inMemory(asIs), quick(t, 3), noLazy())
	require.Equal(t, certify.NoLevel, c.Level, "R-LAZY was left out")
	require.Equal(t, []string{"R-LAZY-01"}, c.Levels[0].Missing)
	few := status(t, c, "R-FAULT-01")
	require.Equal(t, certify.NotCertified, few.Status)
	require.Contains(t, few.Reason, "too few")
	for _, s := range c.Runs.Scenarios {
		require.Equal(t, "drawn", s.Phase, s.Scenario)
	}
}

func TestCertificationThatIsBrokenOffSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := certify.Check(ctx, inMemory(asIs), quick(t, 20), io.Discard)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "broken off")

	_, err = certify.Check(t.Context(), inMemory(asIs), certify.Settings{}, io.Discard)
	require.ErrorContains(t, err, "Settings.Seeds is 0")
}

// Package certify certifies a backend from a Go test.
//
//	func TestCertify(t *testing.T) {
//		certify.Run(t, sim.Backend{Name: "mine", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
//			return mine.New(env.Clock)
//		}})
//	}
//
// The test checks the contract with storetest, then runs every scenario of package
// scenarios for a fixed range of seeds. The flags -sim.seed, -sim.seeds,
// -sim.duration, -sim.scenario, -sim.backend, -sim.scheduler, -sim.faults,
// -sim.mutant, -sim.file, -sim.shrink and -sim.verify of the test binary choose other runs. A
// failed run is shrunk, shown with the lines that reproduce it and kept as a seed file
// in testdata/sim.
package certify

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/report"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// failureDir is where failing seed files go, relative to the package under test.
const failureDir = "testdata/sim"

// Run certifies backend as sub-tests of t.
func Run(t *testing.T, backend sim.Backend, opts ...Option) {
	t.Helper()
	o := newOptions(opts)
	if *flagBackend != "" && *flagBackend != backend.Name {
		t.Skipf("backend %s is left out: -sim.backend=%s", backend.Name, *flagBackend)
	}
	if *flagFile != "" {
		replay(t, backend, *flagFile)
		return
	}
	all := scenarios.All()
	if *flagScenario != "" {
		only, err := scenarios.Lookup(*flagScenario)
		if err != nil {
			t.Fatalf("-sim.scenario: %v", err)
		}
		all = []scenarios.Scenario{only}
	}
	template := sim.Config{Backend: backend, Scheduler: *flagScheduler}
	setFaults(t, &template)
	if *flagScheduler != "" {
		if _, err := sched.New(*flagScheduler, nil); err != nil {
			t.Fatalf("-sim.scheduler: %v", err)
		}
	}
	if !o.elsewhere {
		t.Run("contract", func(t *testing.T) { contract(t, backend, o.contract) })
	}
	all, lacks, err := sim.Runnable(t.Context(), backend, all)
	if err != nil {
		t.Fatalf("open backend %s: %v", backend.Name, err)
	}
	for scenario, missing := range lacks {
		t.Run(scenario, func(t *testing.T) { t.Skipf("backend %s has no %s", backend.Name, missing) })
	}
	for _, scenario := range all {
		t.Run(scenario.Name, func(t *testing.T) {
			cfg := template
			cfg.Scenario = scenario
			simulate(t, cfg)
		})
	}
}

// contract runs the contract tests, which take real time. A durable backend is closed and
// opened again in them.
func contract(t *testing.T, backend sim.Backend, opts []storetest.Option) {
	t.Helper()
	var env sim.Env // of the store that was opened last: the rules are checked one after the other
	if backend.Durable {
		opts = append(opts, storetest.WithReopen(func(ctx context.Context, old eventcore.Store) (eventcore.Store, error) {
			if closer, ok := old.(io.Closer); ok {
				if err := closer.Close(); err != nil {
					return nil, err
				}
			}
			return backend.Open(ctx, env)
		}))
	}
	storetest.Run(t, func(t testing.TB) eventcore.Store {
		t.Helper()
		env = sim.RealEnv()
		store, err := backend.Open(t.Context(), env)
		if err != nil {
			t.Fatalf("open backend %s: %v", backend.Name, err)
		}
		return store
	}, opts...)
}

// setFaults takes faults and mutant from the flags.
func setFaults(t *testing.T, cfg *sim.Config) {
	t.Helper()
	if *flagFaults != "" {
		plan, err := chaos.ParsePlan(*flagFaults)
		if err != nil {
			t.Fatalf("-sim.faults: %v", err)
		}
		cfg.Faults = &plan
	}
	if *flagMutant != "" {
		m, err := mutant.Lookup(*flagMutant)
		if err != nil {
			t.Fatalf("-sim.mutant: %v", err)
		}
		cfg.Mutant = &m
	}
}

// simulate runs the seeds of one scenario.
func simulate(t *testing.T, cfg sim.Config) {
	t.Helper()
	batch := sim.Batch{
		Runs: seeds(cfg, readFlags(cfg.Backend.Blocks)), Workers: runtime.GOMAXPROCS(0), Verify: *flagVerify,
		OnResult: func(r *sim.Result) bool {
			if r.Verdict == sim.Pass {
				return true
			}
			fail(t, r, cfg.Backend)
			return false
		},
	}
	summary, err := batch.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if summary.Runs == 0 {
		t.Fatal("no run was carried out")
	}
	for _, vacuous := range summary.Vacuous() {
		t.Errorf("vacuous: %s", vacuous)
	}
	t.Logf("%d runs, %d store calls, %d conflicts, %d unknown outcomes",
		summary.Runs, summary.Coverage.Calls, summary.Coverage.Conflicts, summary.Coverage.Unknown)
}

// seeds yields the configurations that the flags ask for.
func seeds(cfg sim.Config, s settings) iter.Seq[sim.Config] {
	end := time.Now().Add(s.duration) //nolint:forbidigo // how many seeds run is not part of a run
	return func(yield func(sim.Config) bool) {
		for i := uint64(0); i < s.count || time.Now().Before(end); i++ { //nolint:forbidigo // as above
			cfg.Seed = s.first + i
			if !yield(cfg) {
				return
			}
		}
	}
}

// fail shrinks and shows a run, keeps its seed file and fails the test.
func fail(t *testing.T, r *sim.Result, backend sim.Backend) {
	t.Helper()
	file := seedfile.Of(r)
	if r.Failed() && *flagShrink > 0 {
		outcome, err := shrink.Failed(t.Context(), r, backend, shrink.Options{Limit: *flagShrink})
		switch {
		case err != nil:
			t.Logf("the run could not be shrunk: %v", err)
		case !outcome.Reproduced:
			t.Errorf("%s: %s", sim.NotReproduced, outcome.Result.Reason)
		default:
			r, file = outcome.Result, outcome.File()
		}
	}
	name, _, _ := strings.Cut(t.Name(), "/")
	commands := []string{fmt.Sprintf("go test -run '^%s$' -sim.backend=%s -sim.scenario=%s -sim.seed=%d", name, r.Backend, r.Scenario, r.Seed)}
	if path, err := file.Save(failureDir); err != nil {
		t.Logf("the seed file could not be kept: %v", err)
	} else {
		commands = []string{
			fmt.Sprintf("go test -run '^%s$' -sim.file=%s", name, path),
			"simrun replay " + path,
		}
	}
	t.Errorf("\n%s", screen(r, commands...))
}

// replay runs one seed file. It fails where the run does, so that a reproduced bug
// is red until it is mended.
func replay(t *testing.T, backend sim.Backend, path string) {
	t.Helper()
	file, err := seedfile.Load(find(path))
	if err != nil {
		t.Fatalf("-sim.file: %v", err)
	}
	if file.Backend != backend.Name && *flagBackend == "" {
		t.Skipf("%s is of backend %s; give -sim.backend=%s to replay it on this one", path, file.Backend, backend.Name)
	}
	result := carryOut(t, backend, file)
	if result.Verdict != sim.Pass {
		t.Errorf("\n%s", screen(result))
	}
	if err := file.Check(result); err != nil {
		t.Logf("the file expects otherwise: %v", err)
	}
}

// Replay runs a seed file on backend and fails t unless it comes to the verdict
// that the file expects.
func Replay(t testing.TB, backend sim.Backend, file seedfile.File) {
	t.Helper()
	result := carryOut(t, backend, file)
	if err := file.Check(result); err != nil {
		t.Errorf("%v\n%s", err, screen(result))
	}
}

func carryOut(t testing.TB, backend sim.Backend, file seedfile.File) *sim.Result {
	t.Helper()
	cfg, err := file.Config(backend)
	if err != nil {
		t.Fatal(err)
	}
	result, err := sim.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// screen returns the report of a run as text.
func screen(r *sim.Result, commands ...string) string {
	var text strings.Builder
	// A strings.Builder does not fail.
	_ = report.Failure(&text, r, commands...)
	return text.String()
}

// find looks for a relative path in this folder and then in those above it: go test
// runs in the package's folder, people type paths from the module's.
func find(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	for {
		if candidate := filepath.Join(dir, path); exists(candidate) {
			return candidate
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return path
		}
		dir = parent
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

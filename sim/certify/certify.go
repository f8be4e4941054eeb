// Package certify certifies a backend from a Go test.
//
//	func TestCertify(t *testing.T) {
//		certify.Run(t, sim.Backend{Name: "mine", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
//			return mine.New(env.Clock)
//		}})
//	}
//
// The test checks the contract with storetest, then runs the scenarios of package scenarios
// for a fixed range of seeds. Of the seeds of a scenario, a fourth runs without faults under
// each scheduler in turn and the others with what they draw; some of all scenarios run twice,
// and some programs in real time. With fewer than 20 seeds, too few to certify anything, all
// are drawn, and that is all. What came of it is a [Certificate], whose level is in the test's
// output, and which -sim.certificate=DIR writes as text, JSON and JUnit XML, from more seeds
// unless -sim.seeds says how many. [Requirements] lists what it speaks of.
//
// The flags -sim.seed, -sim.seeds, -sim.duration, -sim.scenario, -sim.backend,
// -sim.scheduler, -sim.faults, -sim.mutant, -sim.file, -sim.shrink and -sim.verify of the
// test binary choose other runs. A failed run is shrunk, shown with the lines that reproduce
// it and kept as a seed file in testdata/sim.
package certify

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/report"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// failureDir is where failing seed files go, relative to the package under test.
const failureDir = "testdata/sim"

// Run certifies backend as sub-tests of t. It fails t for each requirement that failed; what
// was not certified is in the certificate and fails nothing.
func Run(t *testing.T, backend sim.Backend, opts ...Option) {
	t.Helper()
	if *flagBackend != "" && *flagBackend != backend.Name {
		t.Skipf("backend %s is left out: -sim.backend=%s", backend.Name, *flagBackend)
	}
	if *flagFile != "" {
		replay(t, backend, *flagFile)
		return
	}
	s, err := newSession(t.Context(), backend, fromFlags(t, backend.Blocks), opts)
	if err != nil {
		t.Fatal(err)
	}
	if !s.options.elsewhere {
		t.Run("contract", s.contractTests)
	}
	for _, step := range s.steps() {
		t.Run(step.name, func(t *testing.T) {
			if step.skip != "" {
				t.Skipf("backend %s: %s", backend.Name, step.skip)
			}
			name, _, _ := strings.Cut(t.Name(), "/")
			if err := step.do(t.Context(), testOutput{t, name}); err != nil {
				t.Fatal(err)
			}
		})
	}
	c := s.certificate()
	if counts := c.Count(); s.options.elsewhere {
		t.Logf("certified %s without the contract, which another test checks, so that there is no level: %d requirements passed, %d failed, %d not certified",
			backend.Name, counts[Passed], counts[Failed], counts[NotCertified])
	} else {
		t.Logf("certified %s: %s", backend.Name, c.LevelLine())
	}
	if *flagCertificate != "" {
		path, err := c.Save(*flagCertificate)
		if err != nil {
			t.Fatalf("-sim.certificate: %v", err)
		}
		t.Logf("certificate: %s", path)
	}
}

// contractTests runs the contract tests, which take real time.
func (s *session) contractTests(t *testing.T) {
	storetest.Run(t, func(t testing.TB) eventcore.Store {
		t.Helper()
		store, err := s.open(t.Context())
		if err != nil {
			t.Fatalf("open backend %s: %v", s.backend.Name, err)
		}
		return store
	}, s.contractOptions()...)
}

// testOutput is a test as a place to say what came of runs.
type testOutput struct {
	*testing.T
	// root is the name of the test function.
	root string
}

// commands returns the lines that reproduce a run.
func (o testOutput) commands(r *sim.Result, quiet bool, path string) []string {
	if path == "" {
		line := fmt.Sprintf("go test -run '^%s$' -sim.backend=%s -sim.scenario=%s -sim.seed=%d", o.root, r.Backend, r.Scenario, r.Seed)
		if quiet {
			line += " -sim.faults=none -sim.scheduler=" + r.Plan.Scheduler
		}
		return []string{line}
	}
	return []string{fmt.Sprintf("go test -run '^%s$' -sim.file=%s", o.root, path)} // simrun knows no backends of others
}

// replay runs one seed file. It fails where the run does, so that a reproduced bug
// is red until it is mended.
func replay(t testing.TB, backend sim.Backend, path string) {
	t.Helper()
	file, err := seedfile.Load(find(path))
	if err != nil {
		t.Fatalf("-sim.file: %v", err)
	}
	if file.Backend != backend.Name && *flagBackend == "" {
		t.Skipf("%s is of backend %s; give -sim.backend=%s to replay it on this one", path, file.Backend, backend.Name)
	}
	result := replayed(t, backend, file)
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
	result := replayed(t, backend, file)
	if err := file.Check(result); err != nil {
		t.Errorf("%v\n%s", err, screen(result))
	}
}

func replayed(t testing.TB, backend sim.Backend, file seedfile.File) *sim.Result {
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

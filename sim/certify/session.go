package certify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

// Settings says how much is run. In a test they come from the flags.
type Settings struct {
	// First is the first seed, Seeds the number of them for each scenario, at least 1; further
	// ones run until Duration has passed. From 20 on they are enough for a level; with fewer, all
	// runs have what their seeds draw.
	First, Seeds uint64
	Duration     time.Duration
	// Only leaves out all but the drawn runs of a scenario: a seed is looked at.
	Only bool
	// Scenario and Scheduler, where not empty, are the only ones used.
	Scenario, Scheduler string
	// Faults, where not nil, replace those that are drawn.
	Faults *chaos.Plan
	// Mutant is planted in the store of every simulated run; nil: none. The contract tests
	// are made with the store as it is.
	Mutant *mutant.Mutant
	// Shrink is the time to shrink a failed run; 0: it is kept as it is.
	Shrink time.Duration
	// Verify carries out each run twice.
	Verify bool
	// Dir is where seed files of failed runs go.
	Dir string
	// Brief has [Check] measure memory on a shorter stream; in a test, -short does.
	Brief bool
}

// session is one certification.
type session struct {
	backend  sim.Backend
	settings Settings
	options  options
	ledger   *ledger
	started  time.Time
	// env is that of the store that the contract tests opened last; they open one at a time.
	env sim.Env
}

func newSession(ctx context.Context, backend sim.Backend, settings Settings, opts []Option) (*session, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	if settings.Seeds == 0 {
		return nil, errors.New("certify: Settings.Seeds is 0, which prove nothing; set it to 1 or more, or 20 for a level")
	}
	if settings.Scenario != "" {
		if _, err := scenarios.Lookup(settings.Scenario); err != nil {
			return nil, fmt.Errorf("-sim.scenario: %w", err)
		}
	}
	if settings.Scheduler != "" {
		if _, err := sched.New(settings.Scheduler, nil); err != nil {
			return nil, fmt.Errorf("-sim.scheduler: %w", err)
		}
	}
	s := &session{backend: backend, settings: settings, options: o, ledger: newLedger(), started: time.Now()} //nolint:forbidigo // how long it took
	s.ledger.elsewhere = o.elsewhere
	s.ledger.crashes, s.ledger.blocks = backend.Durable || backend.Restart != nil, backend.Blocks
	return s, s.findAbsent(ctx)
}

// findAbsent opens a store to see which optional interfaces it has.
func (s *session) findAbsent(ctx context.Context) error {
	store, err := s.backend.Open(ctx, sim.RealEnv())
	if err != nil {
		return fmt.Errorf("open backend %s: %w", s.backend.Name, err)
	}
	absent := func(a Ability, name string) {
		s.ledger.absent[a] = "the store does not implement " + name
	}
	if _, ok := store.(eventcore.AllReader); !ok {
		absent(GlobalOrder, "eventcore.AllReader")
	}
	state := scenarios.StateOf(store)
	if state.Checkpoints == nil {
		absent(Projections, "eventcore.CheckpointStore")
	}
	if state.Coordinator == nil {
		absent(Leadership, "eventcore.Coordinator")
	}
	if state.Snapshots == nil {
		absent(Snapshots, "eventcore.SnapshotStore")
	}
	if s.backend.Checksummed == nil || !s.backend.Durable {
		s.ledger.absent[Checksums] = "no files are named of which a changed bit is noticed: Backend.Checksummed is not set, or Backend.Durable is not"
	}
	switch {
	case s.backend.NetworkFaults:
	case s.backend.Blocks:
		s.ledger.absent[Network] = "there is no network hook: Backend.NetworkFaults is not set"
	default:
		s.ledger.absent[Network] = "the store waits for no server: Backend.Blocks is not set"
	}
	if closer, ok := store.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// open opens a store for the contract tests.
func (s *session) open(ctx context.Context) (eventcore.Store, error) {
	s.env = sim.RealEnv()
	return s.backend.Open(ctx, s.env)
}

// contractOptions are those of the contract tests. A durable backend is closed and opened
// again in them.
func (s *session) contractOptions() []storetest.Option {
	opts := slices.Clone(s.options.contract)
	if s.backend.Durable {
		opts = append(opts, storetest.WithReopen(func(ctx context.Context, old eventcore.Store) (eventcore.Store, error) {
			if closer, ok := old.(io.Closer); ok {
				if err := closer.Close(); err != nil {
					return nil, err
				}
			}
			return s.backend.Open(ctx, s.env)
		}))
	}
	return append(opts, storetest.WithOutcomes(func(o storetest.Outcome) { s.ledger.contract[o.ID] = o }))
}

// step is a part of the certification, a sub-test in go test.
type step struct {
	name string
	// skip says why it is not done; "" where it is.
	skip string
	do   func(ctx context.Context, out output) error
}

// steps returns what comes after the contract tests, in order.
func (s *session) steps() []step {
	var all []step
	for _, p := range proofs() {
		asked := s.settings.Scenario == p.scenario
		if s.settings.Scenario != "" && !asked || p.scenario == single && !asked && !s.options.narrow() {
			continue // what mixed asks of a store is what single does, and more
		}
		all = append(all, step{p.scenario, s.lacks(p.scenario), func(ctx context.Context, out output) error {
			return s.simulate(ctx, p.run(), out)
		}})
	}
	if quiet, _ := s.settings.shares(); quiet > 0 && s.settings.Scenario == "" && s.settings.Mutant == nil {
		all = append(all, step{string(phaseTwice), "", s.twice}, step{string(phaseParallel), "", s.inParallel})
	}
	return all
}

// shares divides the seeds of a scenario: so many run without faults, and so many with those
// that they draw.
func (s *Settings) shares() (quiet, drawn uint64) {
	if s.Only || s.Faults != nil || s.Seeds < leastSeeds {
		return 0, s.Seeds
	}
	quiet = s.Seeds / quietShare
	return quiet, s.Seeds - quiet
}

// lacks says what the store lacks for a scenario.
func (s *session) lacks(scenario string) string {
	for _, p := range proofs() {
		if p.scenario != scenario {
			continue
		}
		for _, a := range p.needs {
			if s.options.lacks(a) {
				return "declared to have no " + string(a)
			}
			if reason, is := s.ledger.absent[a]; is {
				return reason
			}
		}
	}
	return ""
}

// certificate makes the certificate of what was carried out.
func (s *session) certificate() *Certificate {
	s.ledger.took = time.Since(s.started) //nolint:forbidigo // how long it took
	c := s.ledger.certificate(&s.options)
	c.describeBuild(s.backend, s.options.version)
	if s.settings.Mutant != nil {
		c.Mutant = s.settings.Mutant.Name
	}
	return c
}

// Check certifies backend outside of a test and returns the certificate. It writes what it
// does and each failed run to log. The error is that of settings, options, the backend's
// Open, or ctx: nothing is certified then.
func Check(ctx context.Context, backend sim.Backend, settings Settings, log io.Writer, opts ...Option) (*Certificate, error) {
	s, err := newSession(ctx, backend, settings, opts)
	if err != nil {
		return nil, err
	}
	out := &logOutput{log}
	if !s.options.elsewhere {
		if err := s.checkContract(ctx, out); err != nil {
			return nil, err
		}
	}
	for _, step := range s.steps() {
		if step.skip != "" {
			out.Logf("%s: left out: %s", step.name, step.skip)
			continue
		}
		out.Logf("%s", step.name)
		if err := step.do(ctx, out); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("certify: %w", err)
	}
	return s.certificate(), nil
}

// checkContract checks the contract outside of a test.
func (s *session) checkContract(ctx context.Context, out output) error {
	out.Logf("contract")
	opts := s.contractOptions()
	if s.settings.Brief {
		opts = append([]storetest.Option{storetest.WithLongStream(20_000)}, opts...)
	}
	outcomes, err := storetest.Outcomes(ctx, s.open, opts...)
	for i := range outcomes {
		if o := &outcomes[i]; o.Err != nil {
			out.Errorf("%s: %s: %v", o.ID, o.Rule, o.Err)
		}
	}
	return err
}

// logOutput writes what came of runs.
type logOutput struct{ w io.Writer }

func (o *logOutput) Helper()                           {}
func (o *logOutput) Logf(format string, args ...any)   { _, _ = fmt.Fprintf(o.w, format+"\n", args...) }
func (o *logOutput) Errorf(format string, args ...any) { o.Logf(format, args...) }

func (o *logOutput) commands(_ *sim.Result, _ bool, path string) []string {
	return []string{strings.TrimSpace("go run ./cmd/simrun replay " + path)}
}

var errNoRun = errors.New("no run was carried out")

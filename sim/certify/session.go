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
)

// Settings says how much is run. In a test they come from the flags.
type Settings struct {
	// First is the first seed, Seeds the number of them for each scenario; further ones run
	// until Duration has passed.
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
	// Brief leaves out what takes long with backends that wait for a server.
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
	if settings.Scenario != "" {
		if _, err := scenarios.Lookup(settings.Scenario); err != nil {
			return nil, fmt.Errorf("-sim.scenario: %w", err)
		}
	}
	s := &session{backend: backend, settings: settings, options: o, ledger: newLedger(), started: time.Now()} //nolint:forbidigo // how long it took
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

// works returns what is to be run, in order.
func (s *session) works() []work {
	var all []work
	add := func(p phase, scenario string) {
		if s.settings.Scenario == "" || s.settings.Scenario == scenario {
			all = append(all, work{scenario, p})
		}
	}
	whole := !s.settings.Only && s.settings.Faults == nil
	if whole {
		for _, p := range proofs() {
			add(phaseQuiet, p.scenario)
		}
	}
	for _, p := range proofs() {
		add(phaseDrawn, p.scenario)
	}
	if whole && s.settings.Scenario == "" {
		all = append(all, work{"", phaseTwice}, work{single, phaseParallel})
	}
	return all
}

// name is that of the sub-test.
func (w work) name() string {
	switch w.phase {
	case phaseDrawn:
		return w.scenario
	case phaseTwice:
		return string(phaseTwice)
	default:
		return string(w.phase) + "/" + w.scenario
	}
}

// skips says why a piece of work is not done, "" where it is.
func (s *session) skips(w work) string {
	switch w.phase {
	case phaseParallel, phaseTwice:
		switch {
		case s.backend.Blocks && s.settings.Brief:
			return "left out with -short"
		case s.settings.Mutant != nil:
			return "left out with a planted bug"
		}
		return ""
	default:
		quiet := s.ledger.evidence[work{w.scenario, phaseQuiet}]
		if w.phase == phaseDrawn && quiet != nil && len(quiet.failures) > 0 {
			return "it fails without faults already"
		}
		return s.lacks(w.scenario)
	}
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
	out.Logf("contract")
	contract := s.contractOptions()
	if settings.Brief {
		contract = append([]storetest.Option{storetest.WithLongStream(20_000)}, contract...)
	}
	outcomes, err := storetest.Outcomes(ctx, s.open, contract...)
	if err != nil {
		return nil, err
	}
	for i := range outcomes {
		if o := &outcomes[i]; o.Err != nil {
			out.Errorf("%s: %s: %v", o.ID, o.Rule, o.Err)
		}
	}
	for _, w := range s.works() {
		if why := s.skips(w); why != "" {
			out.Logf("%s: left out: %s", w.name(), why)
			continue
		}
		out.Logf("%s", w.name())
		if err := s.carryOut(ctx, w, out); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("certify: %w", err)
	}
	return s.certificate(), nil
}

// logOutput writes what came of runs.
type logOutput struct{ w io.Writer }

func (o *logOutput) Helper()                           {}
func (o *logOutput) Logf(format string, args ...any)   { _, _ = fmt.Fprintf(o.w, format+"\n", args...) }
func (o *logOutput) Errorf(format string, args ...any) { o.Logf(format, args...) }

func (o *logOutput) commands(_ *sim.Result, path string) []string {
	return []string{strings.TrimSpace("go run ./cmd/simrun replay " + path)}
}

var errNoRun = errors.New("no run was carried out")

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/explore"
	"github.com/eventcore-go/eventcore-sim/sim/report"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

type exploreFlags struct {
	known       *backends
	backend     string
	scenario    string
	only        string
	clients     int
	ops         int
	streams     int
	seed        uint64
	preemptions int
	maxRuns     int
	mutant      string
	every       bool
	out         string
}

func newExplore(known *backends) *cobra.Command {
	f := exploreFlags{known: known}
	cmd := &cobra.Command{
		Use:   "explore [FILE]",
		Short: "Run one small program in all orders of its steps",
		Long: `explore runs one small program in every order in which its steps can happen, checks
each, and says how many there were. Without a bound, orders that nobody can tell from one
another are run once; with --preemptions, every order that leaves a client which could go
on at most so often.

A step goes from one yield point to the next: the beginning of a store call, each event it
streams, its end, and what the backend does where it parks inside of a call (operations of
the simulated disk, statements of PostgreSQL). What happens within a step is not taken apart.

The program is drawn, or that of a seed file. Its faults are those of the file, or none.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.backend, "backend", "memory", "backend to explore (with a file: the file's)")
	flags.StringVar(&f.scenario, "scenario", "mixed", "scenario to draw the program from")
	flags.StringVar(&f.only, "only", "", "draw operations of this kind only (default blind in mixed, else all)")
	flags.IntVar(&f.clients, "clients", 3, "number of clients")
	flags.IntVar(&f.ops, "ops", 2, "operations of each client")
	flags.IntVar(&f.streams, "streams", 1, "number of streams to spread them over")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the program")
	flags.IntVar(&f.preemptions, "preemptions", -1, "how often a client that could go on may be left for another one; -1: no bound")
	flags.IntVar(&f.maxRuns, "max-runs", 1_000_000, "give up after so many runs: the verdict is then undecided")
	flags.StringVar(&f.mutant, "mutant", "", "plant this bug in the store")
	flags.BoolVar(&f.every, "every", false, "leave no order out, those too that nobody can tell from another one")
	flags.StringVar(&f.out, "out", "simrun-out", "folder for the seed file of a failed run")
	return cmd
}

func (f *exploreFlags) run(cmd *cobra.Command, args []string) error {
	cfg, err := f.config(cmd, args)
	if err != nil {
		return err
	}
	start := time.Now()
	found, err := explore.Do(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if failed := found.Failure; failed != nil {
		path, err := seedfile.Of(failed).Save(f.out)
		if err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		if err := report.Failure(out, failed, "go run ./cmd/simrun replay "+path); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	f.summary(out, cfg, found, time.Since(start))
	switch {
	case found.Failure != nil:
		return exitFor(found.Failure.Verdict)
	case !found.Proven():
		return exitFor(sim.Undecided)
	default:
		return nil
	}
}

// summary says what is proven, and no more.
func (f *exploreFlags) summary(out io.Writer, cfg explore.Config, found explore.Report, took time.Duration) {
	what := fmt.Sprintf("%d clients of %s on %s", len(cfg.Run.Replay.Program.Clients), cfg.Run.Scenario.Name, cfg.Run.Backend.Name)
	bound := "without a bound on preemptions"
	if cfg.Preemptions != nil {
		bound = fmt.Sprintf("with at most %d preemptions", *cfg.Preemptions)
	}
	switch {
	case found.Failure != nil:
		fmt.Fprintf(out, "%s: found at order %d of %s, %s", found.Failure.Verdict, found.Orders, what, bound)
	case !found.Exhausted:
		fmt.Fprintf(out, "undecided: %d orders of %s passed, %s, and there are more; raise --max-runs or set --preemptions", found.Orders, what, bound)
	default:
		fmt.Fprintf(out, "proven: every order of the steps of %s, %s, is linearizable: %d", what, bound, found.Orders)
		if found.Interleavings != nil {
			fmt.Fprintf(out, ", which stand for %s interleavings", found.Interleavings)
		}
	}
	fmt.Fprintf(out, "\n%d runs of at most %d steps in %.1f s\n", found.Runs, found.Longest, took.Seconds())
	if found.Failure == nil && !cfg.Every {
		fmt.Fprintln(out, "taken for granted: a call that does not park in the store touches no other streams than it names, and reads change nothing (--every does without)")
	}
}

func (f *exploreFlags) config(cmd *cobra.Command, args []string) (explore.Config, error) {
	cfg := explore.Config{MaxRuns: f.maxRuns, Every: f.every}
	switch {
	case f.preemptions < -1:
		return cfg, fmt.Errorf("--preemptions: %d; give at least 0, or -1 for no bound", f.preemptions)
	case f.maxRuns < 1:
		return cfg, fmt.Errorf("--max-runs: %d; give at least 1", f.maxRuns)
	case f.preemptions >= 0:
		cfg.Preemptions = &f.preemptions
	}
	var err error
	if len(args) == 1 {
		cfg.Run, err = f.fromFile(cmd, args[0])
	} else {
		cfg.Run, err = f.drawn()
	}
	if err != nil || f.mutant == "" {
		return cfg, err
	}
	m, err := mutant.Lookup(f.mutant)
	if err != nil {
		return cfg, fmt.Errorf("--mutant: %w", err)
	}
	cfg.Run.Mutant = &m
	return cfg, nil
}

// fromFile takes the program and the faults of a seed file.
func (f *exploreFlags) fromFile(cmd *cobra.Command, path string) (sim.Config, error) {
	file, err := seedfile.Load(path)
	if err != nil {
		return sim.Config{}, err
	}
	name := file.Backend
	if cmd.Flags().Changed("backend") {
		name = f.backend
	}
	b, err := f.known.lookup(name)
	if err != nil {
		return sim.Config{}, fmt.Errorf("%s: backend: %w", path, err)
	}
	cfg, err := file.Config(b.Backend)
	if err != nil {
		return sim.Config{}, fmt.Errorf("%s: %w", path, err)
	}
	cfg.Crashes, cfg.Replay.Schedule = nil, nil
	return cfg, nil
}

// drawn draws the program.
func (f *exploreFlags) drawn() (sim.Config, error) {
	b, err := f.known.lookup(f.backend)
	if err != nil {
		return sim.Config{}, fmt.Errorf("--backend: %w", err)
	}
	s, err := scenarios.Lookup(f.scenario)
	if err != nil {
		return sim.Config{}, fmt.Errorf("--scenario: %w", err)
	}
	if f.clients < 1 || f.ops < 1 || f.streams < 1 {
		return sim.Config{}, fmt.Errorf("--clients, --ops, --streams: %d, %d, %d; give at least 1 each", f.clients, f.ops, f.streams)
	}
	weights, err := f.weights(s)
	if err != nil {
		return sim.Config{}, err
	}
	params := scenarios.Params{Clients: f.clients, OpsPerClient: f.ops, Streams: f.streams, MaxEvents: 1}
	program := s.Generate(prng.New(f.seed, "program"), params, weights)
	program.Probes = nil // they come after what is explored
	return sim.Config{Seed: f.seed, Backend: b.Backend, Scenario: s, Replay: &sim.Replay{Program: program}}, nil
}

func (f *exploreFlags) weights(s scenarios.Scenario) (scenarios.Weights, error) {
	only := f.only
	if only == "" && s.Name == "mixed" {
		only = "blind"
	}
	if only == "" {
		return nil, nil
	}
	var known []string
	for _, kind := range s.Kinds {
		if kind.Name == only {
			return scenarios.Weights{only: 1}, nil
		}
		known = append(known, kind.Name)
	}
	return nil, fmt.Errorf("--only: scenario %s has no operation %q; it has %v", s.Name, only, known)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/processes"
	"github.com/eventcore-go/eventcore-sim/sim/report"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

type parallelFlags struct {
	known     *backends
	backends  []string
	scenarios []string
	seed      uint64
	seeds     int
	processes bool
	mutant    string
	out       string
	file      string
}

func newParallel(known *backends) *cobra.Command {
	f := parallelFlags{known: known}
	cmd := &cobra.Command{
		Use:   "parallel",
		Short: "Run programs with real goroutines, or in processes that are killed",
		Long: `parallel runs the programs and faults of seeds in real time: with a goroutine for each
client, or with --processes in several processes on one store, which are killed with SIGKILL
and replaced. Histories are judged as those of simulated runs are, and what is left by the
invariants of the scenario; with --processes without those that ask for more than events, which
it says. A seed decides what is done, not what comes of it: a failure may not show again. Its
seed file does the same once more with --file, as often as --seeds says.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&f.backends, "backend", nil, "backends to run (default all that can run here in real time)")
	flags.StringSliceVar(&f.scenarios, "scenario", nil, "scenarios to run (default all; with --processes contention, transfers, mixed)")
	flags.Uint64Var(&f.seed, "seed", 1, "first seed")
	flags.IntVar(&f.seeds, "seeds", 3, "number of seeds for each scenario")
	flags.BoolVar(&f.processes, "processes", false, "several processes on one store, killed with SIGKILL; not for memory")
	flags.StringVar(&f.mutant, "mutant", "", "plant this bug in the store; not with --processes")
	flags.StringVar(&f.out, "out", "simrun-out", "folder for the seed files of failed runs")
	flags.StringVar(&f.file, "file", "", "do what this seed file says, again and again until it fails; alone or with --seeds and --out")
	return cmd
}

func (f *parallelFlags) run(cmd *cobra.Command) error {
	switch {
	case f.seeds < 1:
		return fmt.Errorf("--seeds: %d; give at least 1", f.seeds)
	case f.file != "":
		return f.again(cmd)
	case f.processes && f.mutant != "":
		return errors.New("--mutant: bugs are not planted in other processes; leave out --processes")
	}
	if len(f.scenarios) == 0 && f.processes {
		f.scenarios = []string{"contention", "transfers", "mixed"}
	}
	chosen, err := (&runFlags{scenarios: f.scenarios}).chosenScenarios()
	if err != nil {
		return err
	}
	names := f.backends
	if len(names) == 0 {
		names = f.known.usual()
	}
	for _, name := range names {
		b, err := f.known.lookup(name)
		if err != nil {
			return fmt.Errorf("--backend: %w", err)
		}
		if err := f.unfit(b); err != nil {
			if len(f.backends) > 0 {
				return fmt.Errorf("--backend: %w", err)
			}
			continue
		}
		for _, s := range chosen {
			if err := f.trials(cmd, trial{backend: name, scenario: s, seed: f.seed, mutant: f.mutant, processes: f.processes}); err != nil {
				return err
			}
		}
	}
	return nil
}

// unfit says why there are no such runs on a backend.
func (f *parallelFlags) unfit(b backend) error {
	switch {
	case b.simulated:
		return fmt.Errorf("%s is on a simulated disk, and there is none in real time; take another one", b.Name)
	case f.processes && b.Name == "memory":
		return errors.New("memory is in one process; leave out --processes")
	default:
		return nil
	}
}

// again does what a seed file says.
func (f *parallelFlags) again(cmd *cobra.Command) error {
	for _, flag := range []string{"backend", "scenario", "seed", "processes", "mutant"} {
		if cmd.Flags().Changed(flag) {
			return fmt.Errorf("--%s: the file says that; leave out --%s or --file", flag, flag)
		}
	}
	file, err := seedfile.Load(f.file)
	if err != nil {
		return fmt.Errorf("--file: %w", err)
	}
	s, err := scenarios.Lookup(file.Scenario)
	if err != nil {
		return fmt.Errorf("--file: %s: %w", f.file, err)
	}
	t := trial{backend: file.Backend, scenario: s, seed: file.Seed, mutant: file.Mutant, file: &file}
	t.processes = file.RealTime != nil && file.RealTime.Processes > 0
	if _, err := f.known.lookup(t.backend); err != nil {
		return fmt.Errorf("--file: %s: %w", f.file, err)
	}
	return f.trials(cmd, t)
}

// trial is a run in real time.
type trial struct {
	backend  string
	scenario scenarios.Scenario
	seed     uint64
	mutant   string
	// processes: in several of them.
	processes bool
	// file is what is done again; nil: what the seed says.
	file *seedfile.File
}

// trials runs a number of seeds from that of t on, or its file as often.
func (f *parallelFlags) trials(cmd *cobra.Command, t trial) error {
	start := time.Now()
	var all tally
	for i := range f.seeds {
		if t.file == nil {
			t.seed = f.seed + uint64(i)
		}
		p, err := f.known.place(cmd.Context(), t.backend)
		if err != nil {
			return err
		}
		if t.processes {
			err = f.inProcesses(cmd, p, t, &all)
		} else {
			err = f.inGoroutines(cmd, p, t, &all)
		}
		if err = errors.Join(err, p.remove()); err != nil {
			return err
		}
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s on %s: pass: %d runs, %d calls", t.scenario.Name, t.backend, f.seeds, all.calls)
	if t.processes {
		fmt.Fprintf(out, ", %d processes killed, %d calls under way", all.killed, all.underWay)
	}
	fmt.Fprintf(out, " in %.1f s\n", time.Since(start).Seconds())
	if all.leftOut != "" {
		fmt.Fprintf(out, "  invariants left out: %s\n", all.leftOut)
	}
	return nil
}

// tally is what several runs did.
type tally struct {
	calls, killed, underWay int
	leftOut                 string
}

func (f *parallelFlags) inGoroutines(cmd *cobra.Command, p place, t trial, all *tally) error {
	cfg, err := t.config(sim.Backend{
		Name: t.backend, Open: func(ctx context.Context, _ sim.Env) (eventcore.Store, error) { return openPlace(ctx, p.name) },
	})
	if err != nil {
		return err
	}
	result, err := sim.Parallel(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	if result.Verdict == sim.Pass {
		all.calls += result.Coverage.Calls
		return nil
	}
	if err := report.Failure(cmd.OutOrStdout(), result, f.keep(cmd, seedfile.OfParallel(result))...); err != nil {
		return err
	}
	return exitFor(result.Verdict)
}

// config is that of a run with goroutines.
func (t *trial) config(backend sim.Backend) (sim.Config, error) {
	if t.file != nil {
		return t.file.ParallelConfig(backend)
	}
	cfg := sim.Config{Seed: t.seed, Scenario: t.scenario, Backend: backend}
	if t.mutant != "" {
		m, err := mutant.Lookup(t.mutant)
		if err != nil {
			return cfg, fmt.Errorf("--mutant: %w", err)
		}
		cfg.Mutant = &m
	}
	return cfg, nil
}

// keep writes a seed file and returns the lines that do the same again.
func (f *parallelFlags) keep(cmd *cobra.Command, file seedfile.File) []string {
	path, err := file.Save(f.out)
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "simrun: the seed file could not be kept: %v; choose another folder with --out\n", err)
		return nil
	}
	return []string{"go run ./cmd/simrun parallel --file " + path + " --seeds 100   # perhaps"}
}

func (f *parallelFlags) inProcesses(cmd *cobra.Command, p place, t trial, all *tally) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cfg := processes.Config{
		Seed: t.seed, Scenario: t.scenario, Processes: 3, Clients: 2, Ops: 6, Kills: 2, Idle: p.idle,
		Command: func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, self, "process", p.name) },
		Open:    func(ctx context.Context) (eventcore.Store, error) { return openPlace(ctx, p.name) },
	}
	if t.backend == "file" {
		cfg.Processes, cfg.Exclusive = 1, true
	}
	if t.file != nil {
		cfg.Faults, cfg.Processes = t.file.Faults, t.file.RealTime.Processes
		cfg.Again = &processes.Plan{Clients: t.file.Program.Clients, Kills: t.file.RealTime.Kills}
	}
	result, err := processes.Run(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	all.calls += len(result.History.Operations)
	all.killed += result.Killed
	all.underWay += result.UnderWay
	all.leftOut = result.LeftOut
	return f.judge(cmd, t, &cfg, result)
}

// judge shows what is wrong with a run in processes.
func (f *parallelFlags) judge(cmd *cobra.Command, t trial, cfg *processes.Config, result *processes.Result) error {
	file := seedfile.File{
		Version: seedfile.Version, Expect: seedfile.Expect{Verdict: sim.Violation},
		Backend: t.backend, Scenario: t.scenario.Name, Seed: t.seed, Scheduler: sched.Random, Faults: cfg.Faults,
		Program:  scenarios.Program{Clients: result.Plan.Clients},
		RealTime: &seedfile.RealTime{Processes: cfg.Processes, Kills: result.Plan.Kills},
	}
	var lines []string
	switch {
	case len(result.Findings) > 0:
		file.Expect.Anomaly = result.Findings[0].Name
		for _, found := range result.Findings {
			lines = append(lines, found.String())
		}
	case result.Undecided != "":
		file.Expect.Verdict = sim.Undecided
		lines = []string{result.Undecided}
	default:
		return nil
	}
	verdict := file.Expect.Verdict
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %s on %s, seed %d\n  %s\n", strings.ToUpper(string(verdict)), t.scenario.Name, t.backend, t.seed, strings.Join(lines, "\n  "))
	for _, again := range f.keep(cmd, file) {
		fmt.Fprintf(cmd.OutOrStdout(), "\n  to see it again:\n    %s\n", again)
	}
	return exitFor(verdict)
}

// place is where a real store is.
type place struct {
	// name is what openPlace takes.
	name   string
	idle   func(ctx context.Context) error
	remove func() error
}

// place makes one that is empty.
func (b *backends) place(ctx context.Context, kind string) (place, error) {
	if kind == "postgres" {
		return b.postgres.place(ctx)
	}
	dir, err := os.MkdirTemp("", "simrun-")
	if err != nil {
		return place{}, err
	}
	name := kind + ":" + dir
	if kind == "sqlite" {
		name += string(filepath.Separator) + "events.db"
	}
	return place{name: name, remove: func() error { return os.RemoveAll(dir) }}, nil
}

func openPlace(ctx context.Context, name string) (eventcore.Store, error) {
	kind, where, _ := strings.Cut(name, ":")
	switch kind {
	case "memory":
		return memory.New(memory.Config{}), nil
	case "file":
		return file.Open(ctx, where, file.Config{})
	case "sqlite":
		return sqlite.Open(ctx, where, sqlite.Config{})
	case "postgres":
		return postgres.Open(ctx, where, postgres.Config{})
	default:
		return nil, fmt.Errorf("%q is no place of a store", name)
	}
}

// newProcess is what simrun parallel --processes starts.
func newProcess() *cobra.Command {
	return &cobra.Command{
		Use: "process PLACE", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := openPlace(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			err = processes.Serve(cmd.Context(), store, cmd.InOrStdin(), cmd.OutOrStdout())
			if closer, ok := store.(io.Closer); ok {
				err = errors.Join(err, closer.Close())
			}
			return err
		},
	}
}

// place makes a database of its own.
func (c *cluster) place(ctx context.Context) (place, error) {
	if err := c.started(ctx); err != nil {
		return place{}, err
	}
	db, err := c.server.Database(ctx)
	if err != nil {
		return place{}, err
	}
	const sessions = "eventcore-process"
	idle := func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, db.DSN)
		if err != nil {
			return err
		}
		for n := 1; n > 0 && err == nil; {
			// The server may still commit what a process sent before it was killed.
			err = conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", sessions).Scan(&n)
		}
		return errors.Join(err, conn.Close(ctx))
	}
	return place{name: "postgres:" + pgtest.With(db.DSN, "application_name", sessions), idle: idle, remove: db.Close}, nil
}

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
)

type parallelFlags struct {
	known     *backends
	backends  []string
	scenarios []string
	seed      uint64
	seeds     int
	processes bool
	mutant    string
}

func newParallel(known *backends) *cobra.Command {
	f := parallelFlags{known: known}
	cmd := &cobra.Command{
		Use:   "parallel",
		Short: "Run programs with real goroutines, or in processes that are killed",
		Long: `parallel runs the programs and faults of seeds in real time: with a goroutine for each
client, or with --processes in several processes on one store, which are killed with SIGKILL
and replaced. Histories are judged as those of simulated runs are; with --processes, without
the invariants of scenarios. A seed decides what is done, not what comes of it: a failure may
not show again.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&f.backends, "backend", nil, "backends to run (default all that can run here)")
	flags.StringSliceVar(&f.scenarios, "scenario", nil, "scenarios to run (default all; with --processes contention, transfers, mixed)")
	flags.Uint64Var(&f.seed, "seed", 1, "first seed")
	flags.IntVar(&f.seeds, "seeds", 3, "number of seeds for each scenario")
	flags.BoolVar(&f.processes, "processes", false, "several processes on one store, killed with SIGKILL; not for memory")
	flags.StringVar(&f.mutant, "mutant", "", "plant this bug in the store; not with --processes")
	return cmd
}

func (f *parallelFlags) run(cmd *cobra.Command) error {
	if f.seeds < 1 {
		return fmt.Errorf("--seeds: %d; give at least 1", f.seeds)
	}
	if f.processes && f.mutant != "" {
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
		if _, err := f.known.lookup(name); err != nil {
			return fmt.Errorf("--backend: %w", err)
		}
		if f.processes && name == "memory" {
			if len(f.backends) > 0 {
				return errors.New("--backend: memory is in one process; leave out --processes")
			}
			continue
		}
		for _, s := range chosen {
			if err := f.scenario(cmd, name, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// scenario runs the seeds of one scenario on one backend.
func (f *parallelFlags) scenario(cmd *cobra.Command, name string, s scenarios.Scenario) error {
	start, calls, note := time.Now(), 0, ""
	var killed, underWay int
	for i := range f.seeds {
		seed := f.seed + uint64(i)
		p, err := f.known.place(cmd.Context(), name)
		if err != nil {
			return err
		}
		if f.processes {
			var result *processes.Result
			if result, err = f.inProcesses(cmd, p, name, s, seed); err == nil {
				calls += len(result.History.Operations)
				killed += result.Killed
				underWay += result.UnderWay
				note = fmt.Sprintf(", %d processes killed, %d calls under way", killed, underWay)
			}
		} else {
			var result *sim.Result
			if result, err = f.inGoroutines(cmd, p, name, s, seed); err == nil {
				calls += result.Coverage.Calls
			}
		}
		if err = errors.Join(err, p.remove()); err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s on %s: pass: %d runs, %d calls%s in %.1f s\n", s.Name, name, f.seeds, calls, note, time.Since(start).Seconds())
	return nil
}

func (f *parallelFlags) inGoroutines(cmd *cobra.Command, p place, name string, s scenarios.Scenario, seed uint64) (*sim.Result, error) {
	cfg := sim.Config{Seed: seed, Scenario: s, Backend: sim.Backend{
		Name: name, Open: func(ctx context.Context, _ sim.Env) (eventcore.Store, error) { return openPlace(ctx, p.name) },
	}}
	if f.mutant != "" {
		m, err := mutant.Lookup(f.mutant)
		if err != nil {
			return nil, fmt.Errorf("--mutant: %w", err)
		}
		cfg.Mutant = &m
	}
	result, err := sim.Parallel(cmd.Context(), cfg)
	if err != nil || result.Verdict == sim.Pass {
		return result, err
	}
	again := fmt.Sprintf("go run ./cmd/simrun parallel --backend %s --scenario %s --seed %d --seeds 1   # perhaps", name, s.Name, seed)
	if err := report.Failure(cmd.OutOrStdout(), result, again); err != nil {
		return nil, err
	}
	return nil, exitFor(result.Verdict)
}

func (f *parallelFlags) inProcesses(cmd *cobra.Command, p place, name string, s scenarios.Scenario, seed uint64) (*processes.Result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cfg := processes.Config{
		Seed: seed, Scenario: s, Processes: 3, Clients: 2, Ops: 6, Kills: 2, Idle: p.idle,
		Command: func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, self, "process", p.name) },
		Open:    func(ctx context.Context) (eventcore.Store, error) { return openPlace(ctx, p.name) },
	}
	if name == "file" {
		cfg.Processes, cfg.Exclusive = 1, true
	}
	result, err := processes.Run(cmd.Context(), cfg)
	switch {
	case err != nil:
		return nil, err
	case len(result.Findings) > 0:
		fmt.Fprintf(cmd.OutOrStdout(), "VIOLATION: %s on %s, seed %d\n  %s\n", s.Name, name, seed, strings.Join(result.Findings, "\n  "))
		return nil, exitError{exitViolation}
	case result.Undecided != "":
		fmt.Fprintf(cmd.OutOrStdout(), "UNDECIDED: %s on %s, seed %d: %s\n", s.Name, name, seed, result.Undecided)
		return nil, exitError{exitUndecided}
	default:
		return result, nil
	}
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

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
	"github.com/eventcore-go/eventcore-sim/sim/sensitivity"
)

type sensitivityFlags struct {
	known      *backends
	out        string
	mutants    []string
	schedulers []string
	trials     int
	budget     time.Duration
}

func newSensitivity(known *backends) *cobra.Command {
	f := sensitivityFlags{known: known}
	cmd := &cobra.Command{
		Use:   "sensitivity",
		Short: "Measure after how many seeds each planted bug is found, and write the table",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.out, "out", filepath.Join("docs", "sensitivity.md"), "write the table to this file, - for standard output")
	flags.StringSliceVar(&f.mutants, "mutant", nil, "bugs to look for (default all)")
	flags.StringSliceVar(&f.schedulers, "scheduler", nil, "schedulers to look with (default all)")
	flags.IntVar(&f.trials, "trials", 5, "how often to look for each bug, with other seeds each time")
	flags.DurationVar(&f.budget, "budget", 2*time.Second, "time after which a trial is given up")
	return cmd
}

func (f *sensitivityFlags) run(cmd *cobra.Command) error {
	cfg, err := f.config(cmd)
	if err != nil {
		return err
	}
	rows, err := sensitivity.Measure(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	var table bytes.Buffer
	if err := sensitivity.WriteTable(&table, cfg, rows); err != nil {
		return err
	}
	if f.out == "-" {
		_, err := table.WriteTo(cmd.OutOrStdout())
		return err
	}
	return os.WriteFile(filepath.Clean(f.out), table.Bytes(), 0o644)
}

func (f *sensitivityFlags) config(cmd *cobra.Command) (sensitivity.Config, error) {
	cfg := sensitivity.Config{Schedulers: f.schedulers, Trials: f.trials, Budget: f.budget}
	switch {
	case f.trials < 1:
		return cfg, fmt.Errorf("--trials: %d is too few; give at least 1", f.trials)
	case f.budget <= 0:
		return cfg, fmt.Errorf("--budget: %v is not positive", f.budget)
	}
	memory, err := f.known.lookup("memory")
	if err != nil {
		return cfg, err
	}
	durable, err := f.known.lookup("file")
	if err != nil {
		return cfg, err
	}
	cfg.Backend, cfg.Durable = memory.Backend, durable.Backend
	for _, name := range f.schedulers {
		if err := checkScheduler(name); err != nil {
			return cfg, fmt.Errorf("--scheduler: %w", err)
		}
	}
	if len(f.schedulers) == 0 {
		for _, s := range sched.All() {
			cfg.Schedulers = append(cfg.Schedulers, s.Name)
		}
	}
	cfg.Mutants = slices.Concat(mutant.All(), mutant.OfState(), mutant.OfDisk(), mutant.OfDiskFaults())
	if len(f.mutants) > 0 {
		cfg.Mutants = nil
	}
	for _, name := range f.mutants {
		m, err := mutant.Lookup(name)
		if err != nil {
			return cfg, fmt.Errorf("--mutant: %w", err)
		}
		cfg.Mutants = append(cfg.Mutants, m)
	}
	cfg.Progress = func(row sensitivity.Row) {
		words := []string{row.Mutant}
		for i := range row.BySimulator {
			words = append(words, row.BySimulator[i].String())
		}
		if row.Naive != nil {
			words = append(words, "naive "+row.Naive.String())
		}
		fmt.Fprintln(cmd.ErrOrStderr(), strings.Join(words, "  "))
	}
	return cfg, nil
}

package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/differ"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

type diffFlags struct {
	known    *backends
	backends []string
	timeout  time.Duration
}

func newDiff(known *backends) *cobra.Command {
	f := diffFlags{known: known}
	cmd := &cobra.Command{
		Use:   "diff FILE",
		Short: "Run a seed file on all backends and show where they first answer differently",
		Long: `diff runs the program and the faults of a seed file on all backends, one store call after
the other, in the order in which the recorded run made them, and compares what every call
returned: positions by their order, event IDs by who made them, errors by what a caller can
act on. Crashes are left out. A planted bug is planted in the file's backend alone.

It also says how much of the run the seed decides on each backend, as measured:
bit-deterministic (the same trace twice), schedule-deterministic (the same steps, and
answers that are the same to a caller) or outcome-deterministic (the same answers to calls
made in the same order).`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&f.backends, "backend", nil, "backends to compare (default all that can run here)")
	flags.DurationVar(&f.timeout, "check-timeout", 10*time.Second, "time for the linearizability checker of one run")
	return cmd
}

func (f *diffFlags) run(cmd *cobra.Command, path string) error {
	file, err := seedfile.Load(path)
	if err != nil {
		return err
	}
	names := f.backends
	if len(names) == 0 {
		names = f.known.usual()
	}
	var cfgs []sim.Config
	for _, name := range names {
		cfg, err := f.config(file, name)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		_, lacks, err := sim.Runnable(cmd.Context(), cfg.Backend, []scenarios.Scenario{cfg.Scenario})
		if err != nil {
			return err
		}
		if missing := lacks[cfg.Scenario.Name]; missing != "" {
			fmt.Fprintf(cmd.OutOrStdout(), "skipped: %s: it has no %s\n", name, missing)
			continue
		}
		cfgs = append(cfgs, cfg)
	}
	if len(cfgs) < 2 {
		return fmt.Errorf("--backend: %v: give at least two that can run the scenario", names)
	}
	// The order is that of the recorded run where its backend is among them.
	reference := 0
	for i := range cfgs {
		if cfgs[i].Backend.Name == file.Backend {
			reference = i
		}
	}
	order, err := differ.Order(cmd.Context(), cfgs[reference])
	if err != nil {
		return err
	}
	return f.compare(cmd, cfgs, order)
}

// config is the run of the file on a backend.
func (f *diffFlags) config(file seedfile.File, name string) (sim.Config, error) {
	b, err := f.known.lookup(name)
	if err != nil {
		return sim.Config{}, fmt.Errorf("backend: %w", err)
	}
	cfg, err := file.Config(b.Backend)
	if err != nil {
		return sim.Config{}, err
	}
	cfg.CheckTimeout, cfg.Crashes = f.timeout, nil
	if name != file.Backend {
		cfg.Mutant = nil
	}
	return cfg, nil
}

func (f *diffFlags) compare(cmd *cobra.Command, cfgs []sim.Config, order []int) error {
	out := cmd.OutOrStdout()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var results []*sim.Result
	for _, cfg := range cfgs {
		grade, err := differ.GradeOf(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		result, err := differ.Run(cmd.Context(), cfg, order)
		if err != nil {
			return err
		}
		results = append(results, result)
		fmt.Fprintf(w, "%s\t%s\t%d calls\t%s\n", cfg.Backend.Name, grade, result.Coverage.Calls, result.Verdict)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, result := range results[1:] {
		if d := differ.Compare(results[0], result); d != nil {
			fmt.Fprintf(out, "\ndifferent: %s\n", d)
			return exitError{exitViolation}
		}
	}
	fmt.Fprintf(out, "\nthe same: all %d backends answered every call alike\n", len(results))
	return nil
}

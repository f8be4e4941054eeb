package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/sim/fleet"
)

type fleetSubmitFlags struct {
	*fleetFlags
	spec fleet.Spec
}

func newFleetSubmit(common *fleetFlags) *cobra.Command {
	f := fleetSubmitFlags{fleetFlags: common}
	cmd := &cobra.Command{
		Use:   "submit",
		Short: "Put the seeds of a campaign into the queue",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Uint64Var(&f.spec.First, "seed", 1, "first seed")
	flags.Uint64Var(&f.spec.Seeds, "seeds", 10_000, "number of seeds for each scenario")
	flags.Uint64Var(&f.spec.Size, "range", 100, "number of seeds that a worker takes at a time: some seconds' worth")
	flags.StringSliceVar(&f.spec.Scenarios, "scenario", nil, "scenarios to run (default all)")
	flags.StringSliceVar(&f.spec.Backends, "backend", []string{"memory"}, "backends to run; each worker must have them")
	flags.StringVar(&f.spec.Scheduler, "scheduler", "", "scheduler for every run (default drawn from the seed)")
	flags.StringVar(&f.spec.Faults, "faults", "", "fault plan (default drawn from the seed)")
	flags.StringVar(&f.spec.Mutant, "mutant", "", "plant this bug in the store")
	return cmd
}

func (f *fleetSubmitFlags) run(cmd *cobra.Command) error {
	if _, err := f.runFlagsOf(&f.spec).jobs(); err != nil {
		return err
	}
	switch {
	case f.spec.Seeds == 0:
		return fmt.Errorf("--seeds: give at least 1")
	case f.spec.Size == 0:
		return fmt.Errorf("--range: give at least 1")
	}
	f.spec.Version = version()
	all, err := f.open(cmd.Context())
	if err != nil {
		return err
	}
	defer all.Close()
	campaign, err := all.Submit(cmd.Context(), f.spec)
	if err == nil {
		fmt.Fprintf(cmd.OutOrStdout(), "campaign %d: %d seeds in %d ranges\n", campaign, f.spec.Seeds, (f.spec.Seeds+f.spec.Size-1)/f.spec.Size)
	}
	return err
}

// version returns that of this program, as far as its build says.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return info.Main.Version + " " + setting.Value
		}
	}
	return info.Main.Version
}

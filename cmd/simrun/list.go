package main

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/differ"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

func newList(known *backends) *cobra.Command {
	grades, only := false, ""
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List backends, scenarios, schedulers, faults and mutants",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			measured := scenarios.All()
			if only != "" {
				s, err := scenarios.Lookup(only)
				if err != nil {
					return err
				}
				measured = []scenarios.Scenario{s}
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			section := func(title string) { fmt.Fprintf(w, "%s\n", title) }
			row := func(name, doc string) { fmt.Fprintf(w, "  %s\t%s\n", name, doc) }
			section("backends (--backend)")
			for _, b := range known.all {
				row(b.Name, b.doc)
				if b.missing != "" {
					row("", "cannot run here: "+b.missing)
				} else if grades {
					grade, err := gradeOf(cmd, b, measured)
					if err != nil {
						return err
					}
					row("", "measured here: "+string(grade))
				}
			}
			section("\nscenarios (--scenario)")
			for _, s := range scenarios.All() {
				row(s.Name, s.Doc)
			}
			section("\nschedulers (--scheduler)")
			for _, s := range sched.All() {
				row(s.Name, s.Doc)
			}
			section("\nfaults (--faults NAME=RATE%,…)")
			for _, k := range slices.Concat(chaos.Kinds(), chaos.RequestKinds(), chaos.DiskKinds()) {
				row(k.Kind.String(), k.Doc)
			}
			section("\nmutants (--mutant)")
			for _, m := range slices.Concat(mutant.All(), mutant.OfState(), mutant.OfDisk(), mutant.OfDiskFaults()) {
				row(m.Name, m.Doc)
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&grades, "grades", false, "measure how much of a run the seed decides on each backend: a seed of every scenario, twice")
	cmd.Flags().StringVar(&only, "scenario", "", "measure grades on this scenario only")
	return cmd
}

// gradeOf returns the worst grade that a backend shows.
func gradeOf(cmd *cobra.Command, b backend, on []scenarios.Scenario) (differ.Grade, error) {
	can, _, err := sim.Runnable(cmd.Context(), b.Backend, on)
	if err != nil {
		return differ.None, err
	}
	worst := differ.Bit
	for _, s := range can {
		grade, err := differ.GradeOf(cmd.Context(), sim.Config{Seed: 1, Backend: b.Backend, Scenario: s})
		if err != nil {
			return differ.None, err
		}
		worst = differ.Worse(worst, grade)
	}
	return worst, nil
}

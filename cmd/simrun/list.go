package main

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

func newList(known *backends) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List backends, scenarios, schedulers, faults and mutants",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			section := func(title string) { fmt.Fprintf(w, "%s\n", title) }
			row := func(name, doc string) { fmt.Fprintf(w, "  %s\t%s\n", name, doc) }
			section("backends (--backend)")
			for _, b := range known.all {
				row(b.Name, b.doc)
				if b.missing != "" {
					row("", "cannot run here: "+b.missing)
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
			for _, k := range slices.Concat(chaos.Kinds(), chaos.RequestKinds()) {
				row(k.Kind.String(), k.Doc)
			}
			section("\nmutants (--mutant)")
			for _, m := range slices.Concat(mutant.All(), mutant.OfState(), mutant.OfDisk()) {
				row(m.Name, m.Doc)
			}
			return w.Flush()
		},
	}
}

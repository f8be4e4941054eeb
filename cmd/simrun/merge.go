package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/internal/mergeruns"
	"github.com/eventcore-go/eventcore-sim/sim/merge"
)

type mergeFlags struct {
	seed  uint64
	seeds int
}

func newMerge() *cobra.Command {
	var f mergeFlags
	cmd := &cobra.Command{
		Use:   "merge",
		Short: "Append to working copies of the file store apart, bring them together, and see whether they agree",
		Long: `merge runs the file store's merge mode: two to five replicas on simulated disks, with appends,
partial exchanges of files, crashes, failing disks and reconciliations. After each step a replica
is held against a model of the files on its disk: docs/merge.md.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Uint64Var(&f.seed, "seed", 0, "the first seed")
	flags.IntVar(&f.seeds, "seeds", 1, "how many runs, with one seed after the other")
	return cmd
}

// enoughSeeds is from how many runs on all must have happened that makes them worth
// something.
const enoughSeeds = 60

func (f *mergeFlags) run(cmd *cobra.Command) error {
	if f.seeds < 1 {
		return fmt.Errorf("--seeds: %d is too few; give at least 1", f.seeds)
	}
	out := cmd.OutOrStdout()
	counts := map[string]int{}
	for i := range uint64(f.seeds) {
		r, err := merge.Run(cmd.Context(), mergeruns.Open, f.seed+i)
		if err != nil {
			return fmt.Errorf("seed %d: %w", f.seed+i, err)
		}
		for what, n := range r.Counts {
			counts[what] += n
		}
		if r.Violation != nil {
			fmt.Fprintf(out, "seed %d: %v\n\nsimrun merge --seed %d\n", r.Seed, r.Violation, r.Seed)
			return exitError{exitViolation}
		}
		if f.seeds == 1 {
			fmt.Fprintf(out, "seed %d: pass, hash %.16s\n", r.Seed, r.Hash)
		}
	}
	var never []string
	for _, what := range merge.Demands() {
		fmt.Fprintf(out, "%8d  %s\n", counts[what], what)
		if counts[what] == 0 {
			never = append(never, what)
		}
	}
	if f.seeds >= enoughSeeds && len(never) > 0 {
		fmt.Fprintf(out, "vacuous: %q never happened\n", slices.Sorted(slices.Values(never)))
		return exitError{exitUndecided}
	}
	fmt.Fprintf(out, "%d runs passed\n", f.seeds)
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// The exit codes.
const (
	exitPass      = 0
	exitViolation = 1
	exitUsage     = 2
	exitUndecided = 3
	exitHarness   = 4
)

// exitError ends the command with a code after everything was printed.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// execute runs the command line on these backends and returns the exit code.
func (b *backends) execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(b)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	exit, ended := errors.AsType[exitError](err)
	if failed := b.close(); failed != nil && (err == nil || ended) {
		err, ended = failed, false
	}
	switch {
	case ended:
		return exit.code
	case err != nil:
		fmt.Fprintf(stderr, "simrun: %v\nSee simrun --help.\n", err)
		return exitUsage
	default:
		return exitPass
	}
}

func newRoot(known *backends) *cobra.Command {
	run := newRun(known)
	root := &cobra.Command{
		Use:   "simrun",
		Short: "Prove event stores right by deterministic simulation",
		Long: `simrun runs concurrent commands against an event store so that one seed decides
everything, injects faults, and checks every history for linearizability.
Without a command it does what "simrun run" does.

Exit codes: 0 every run passed; 1 a violation was found; 2 the command line or the
environment is wrong; 3 something could not be decided, made no progress, or was
asked for and never happened; 4 the checkers disagree: a bug of the harness.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          run.RunE,
	}
	// The flags of the default command are accepted without its name too.
	root.Flags().AddFlagSet(run.Flags())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(run, newReplay(known), newShow(known), newShrink(known), newExplore(known), newDiff(known), newParallel(known), newProcess(), newSensitivity(known), newCertify(known), newFleet(known), newMerge(), newList(known))
	return root
}

// exitFor maps the worst verdict of all runs to an exit code.
func exitFor(v sim.Verdict) error {
	switch v {
	case sim.Pass:
		return nil
	case sim.Violation, sim.NotReproduced, sim.NotDeterministic:
		return exitError{exitViolation}
	case sim.CheckersDisagree:
		return exitError{exitHarness}
	case sim.Broken:
		return exitError{exitUsage}
	default:
		return exitError{exitUndecided}
	}
}

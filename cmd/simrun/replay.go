package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/report"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

type replayFlags struct {
	known   *backends
	backend string
	trace   string
	html    string
	timeout time.Duration
	verify  bool
	step    bool
	all     bool
}

func newReplay(known *backends) *cobra.Command {
	f := replayFlags{known: known}
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Run a seed file once more and show what it comes to",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.backend, "backend", "", "replay on this backend (default the file's)")
	flags.StringVar(&f.trace, "trace", "", "write every step as text to this file, - for standard output")
	flags.StringVar(&f.html, "html", "", "write porcupine's picture of the history to this file")
	flags.DurationVar(&f.timeout, "check-timeout", linearizability.DefaultTimeout, "time for porcupine; beyond it the fast checker decides alone")
	flags.BoolVar(&f.verify, "verify", false, "run it twice and compare the traces")
	flags.BoolVar(&f.step, "step", false, "walk through it operation by operation: on a terminal Enter shows the next step, q leaves")
	flags.BoolVar(&f.all, "all", false, "with --step: show all steps at once, as where standard input is no terminal")
	return cmd
}

func (f *replayFlags) run(cmd *cobra.Command, path string) error {
	file, cfg, err := f.known.load(path, f.backend)
	if err != nil {
		return err
	}
	cfg.CheckTimeout = f.timeout
	carryOut := sim.Run
	if f.verify {
		carryOut = sim.Verify
	}
	result, err := carryOut(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	if f.step {
		err = walk(cmd, result, f.all)
	} else {
		err = f.show(cmd, path, file, result)
	}
	if err != nil {
		return err
	}
	return exitFor(result.Verdict)
}

// show prints the run and writes the files that were asked for.
func (f *replayFlags) show(cmd *cobra.Command, path string, file seedfile.File, r *sim.Result) error {
	out := cmd.OutOrStdout()
	if err := report.Failure(out, r, "go run ./cmd/simrun replay "+path); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if r.ReplayDiverged >= 0 {
		fmt.Fprintf(out, "the schedule could not be followed from step %d on; from there the seed decided\n", r.ReplayDiverged)
	}
	if hash := fmt.Sprintf("%016x", r.Trace.Hash()); file.Trace != "" && hash != file.Trace {
		fmt.Fprintf(out, "the trace differs from the recorded one (%s): the harness or the backend takes other steps than it did then\n", file.Trace)
	}
	if err := file.Check(r); err != nil {
		fmt.Fprintf(out, "not as the file says: %v\n", err)
	} else {
		fmt.Fprintf(out, "reproduced: %s, as the file says\n", r.Verdict)
	}
	if err := f.writeTrace(cmd, r); err != nil {
		return err
	}
	if f.html == "" || r.History == nil || r.History.Final == nil {
		return nil
	}
	return linearizability.Visualize(*r.History, f.html)
}

func (f *replayFlags) writeTrace(cmd *cobra.Command, r *sim.Result) error {
	switch f.trace {
	case "":
		return nil
	case "-":
		_, err := r.Trace.WriteTo(cmd.OutOrStdout())
		return err
	}
	var text strings.Builder
	// A strings.Builder does not fail.
	_, _ = r.Trace.WriteTo(&text)
	return os.WriteFile(filepath.Clean(f.trace), []byte(text.String()), 0o644)
}

// checkScheduler refuses a name that is not a scheduler's; empty is none given.
func checkScheduler(name string) error {
	if name == "" {
		return nil
	}
	_, err := sched.New(name, nil)
	return err
}

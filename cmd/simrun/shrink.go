package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/report"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

type shrinkFlags struct {
	known   *backends
	backend string
	limit   time.Duration
	out     string
	save    string
}

func newShrink(known *backends) *cobra.Command {
	f := shrinkFlags{known: known}
	cmd := &cobra.Command{
		Use:   "shrink FILE",
		Short: "Make of a seed file that fails the smallest one that fails in the same way",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.backend, "backend", "", "run it on this backend (default the file's)")
	flags.DurationVar(&f.limit, "limit", 30*time.Second, "time after which the best so far is taken")
	flags.StringVar(&f.out, "out", "simrun-out", "folder for the new file")
	flags.StringVar(&f.save, "save", "", "add it to this folder too, unless it has one like it")
	flags.Lookup("save").NoOptDefVal = "seeds"
	return cmd
}

func (f *shrinkFlags) run(cmd *cobra.Command, path string) error {
	if f.limit <= 0 {
		return fmt.Errorf("--limit: %v is not positive", f.limit)
	}
	file, cfg, err := f.known.load(path, f.backend)
	if err != nil {
		return err
	}
	if file.Expect.Verdict == sim.Pass {
		return fmt.Errorf("%s: it expects the verdict pass, so there is nothing to shrink; simrun show shows it", path)
	}
	outcome, err := shrink.Run(cmd.Context(), cfg, shrink.Class{Verdict: file.Expect.Verdict, Name: file.Expect.Anomaly}, shrink.Options{Limit: f.limit, Fast: f.known.fast()})
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if !outcome.Reproduced {
		if err := report.Failure(out, outcome.Result, "go run ./cmd/simrun replay "+path); err != nil {
			return err
		}
		return exitFor(sim.NotReproduced)
	}
	small := outcome.File()
	small.Note = file.Note
	if small.From == nil {
		small.From = file.From
	}
	saved, err := small.Save(f.out)
	if err != nil {
		return err
	}
	if err := report.Failure(out, outcome.Result, "go run ./cmd/simrun replay "+saved); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n", shrunkLine(outcome))
	if f.save != "" {
		line, err := addTo(f.save, small)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, line)
	}
	return exitFor(outcome.Result.Verdict)
}

// shrunkLine says what shrinking came to, without what depends on real time where the search
// came to its end.
func shrunkLine(o *shrink.Outcome) string {
	if o.To == o.From {
		return fmt.Sprintf("not shrunk: none of %d candidates is smaller", o.Candidates)
	}
	line := fmt.Sprintf("shrunk from %s to %s", o.From, o.To)
	if !o.Complete {
		line += fmt.Sprintf(" (cut short after %v; simrun shrink takes longer)", o.Elapsed.Round(100*time.Millisecond))
	}
	return line
}

// addTo adds a seed file to a corpus and says what became of it.
func addTo(dir string, file seedfile.File) (string, error) {
	path, added, err := seedfile.Add(dir, file)
	switch {
	case err != nil:
		return "", fmt.Errorf("--save: %w", err)
	case added:
		return "added to the corpus: " + path, nil
	default:
		return fmt.Sprintf("not added to the corpus: %s is as small and has the same signature: %s", path, file.Signature()), nil
	}
}

// shrunk is what became of a failed run.
type shrunk struct {
	// smaller says that result is a smaller run than the one that failed, or its replay that
	// did not fail; file is its seed file.
	smaller bool
	result  *sim.Result
	file    seedfile.File
	// from is the number of operations before, 0 for a run that was not shrunk.
	from int
	// lines are for people.
	lines []string
}

// shrinker shrinks failed runs of simrun run.
type shrinker struct {
	cmd   *cobra.Command
	flags *runFlags
	// seen has the kinds of failures that were shrunk.
	seen map[string]bool
	// took is the time that it took so far, which is not that of the runs.
	took time.Duration
	// notReproduced is set once a run did not fail again when it was replayed.
	notReproduced bool
}

func newShrinker(cmd *cobra.Command, f *runFlags) *shrinker {
	return &shrinker{cmd: cmd, flags: f, seen: make(map[string]bool)}
}

// kindOf returns what failed runs have in common of which one is shrunk for all.
func kindOf(r *sim.Result) string {
	return fmt.Sprint(r.Backend, r.Scenario, r.Mutant, shrink.ClassOf(r))
}

// shrink shrinks a run if it failed, unless one like it was shrunk before.
func (s *shrinker) shrink(r *sim.Result) shrunk {
	kind := kindOf(r)
	if s.flags.shrink == 0 || s.seen[kind] || r.Verdict != sim.Violation && r.Verdict != sim.NoProgress {
		return shrunk{}
	}
	s.seen[kind] = true
	began := time.Now()
	defer func() { s.took += time.Since(began) }()
	known, err := s.flags.known.lookup(r.Backend)
	if err != nil {
		return shrunk{lines: []string{"not shrunk: " + err.Error()}}
	}
	outcome, err := shrink.Failed(s.cmd.Context(), r, known.Backend, shrink.Options{Limit: s.flags.shrink, Fast: s.flags.known.fast()})
	if err != nil {
		return shrunk{lines: []string{"not shrunk: " + err.Error()}}
	}
	if !outcome.Reproduced {
		s.notReproduced = true
		return shrunk{lines: []string{fmt.Sprintf("%s: %s", sim.NotReproduced, outcome.Result.Reason)}}
	}
	small := shrunk{
		smaller: outcome.To.Compare(outcome.From) < 0, result: outcome.Result, file: outcome.File(),
		from: outcome.From.Operations, lines: []string{shrunkLine(outcome)},
	}
	if s.flags.save != "" {
		line, err := addTo(s.flags.save, small.file)
		if err != nil {
			line = "not added to the corpus: " + err.Error()
		}
		small.lines = append(small.lines, line)
	}
	return small
}

// again returns the flags that make a run again as it was drawn.
func (f *runFlags) again(r *sim.Result) string {
	var text strings.Builder
	fmt.Fprintf(&text, "--seed %d --backend %s --scenario %s --shrink 0", r.Seed, r.Backend, r.Scenario)
	for _, flag := range []struct{ name, value string }{{"mutant", f.mutant}, {"scheduler", f.scheduler}, {"faults", f.faults}} {
		if flag.value != "" {
			fmt.Fprintf(&text, " --%s %s", flag.name, flag.value)
		}
	}
	return text.String()
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/report"
	"github.com/eventcore-go/eventcore-sim/sim/report/site"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// output prints what comes of the runs: for people or as JSON on stdout, progress
// on stderr where that is a terminal.
type output struct {
	flags    *runFlags
	stdout   io.Writer
	stderr   io.Writer
	progress bool
	start    time.Time
	shown    time.Time
	runs     int
	calls    int
	// noPicture is set once it was said that a history cannot be drawn.
	noPicture bool
	// shrinker makes failed runs small.
	shrinker *shrinker
	// saveError is the first error of keeping a seed file.
	saveError error
	// site is the web site that was asked for, nil for none; siteError is its first error.
	site      *site.Site
	siteError error
	// journal keeps what came of the runs, if that was asked for; resumed is the number of
	// those before this call. due says that it must be written.
	journal *journal
	resumed int
	due     bool
}

func newOutput(cmd *cobra.Command, f *runFlags) (*output, error) {
	o := &output{flags: f, stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr(), start: time.Now(), shrinker: newShrinker(cmd, f)}
	if file, ok := o.stderr.(*os.File); ok {
		o.progress = term.IsTerminal(int(file.Fd()))
	}
	if f.report != "" {
		pages, err := site.New(f.report)
		if err != nil {
			return nil, fmt.Errorf("--report: %w", err)
		}
		o.site = pages
	}
	return o, nil
}

// addToSite gives a result to the web site, if one was asked for.
func (o *output) addToSite(r *sim.Result, commands ...string) {
	if o.site == nil || o.siteError != nil {
		return
	}
	o.siteError = o.site.Add(r, commands...)
}

// goOn goes on from what the journal has, if one was asked for, and returns what that is.
func (o *output) goOn(jobs []job) (before sim.Summary, err error) {
	if o.flags.resume == "" {
		return before, nil
	}
	o.journal, err = openJournal(o.flags.resume, o.flags.describe(jobs))
	if err != nil {
		return before, err
	}
	f := &o.journal.file
	o.start = o.start.Add(-time.Duration(f.Seconds * float64(time.Second)))
	for _, kind := range f.Shrunk {
		o.shrinker.seen[kind] = true
	}
	o.shrinker.notReproduced = f.NotReproduced
	o.runs, o.calls, o.resumed = f.Sum.Runs, f.Sum.Coverage.Calls, f.Sum.Runs
	return f.Sum, nil
}

// ran returns how long it has run, without what shrinking took.
func (o *output) ran() time.Duration { return time.Since(o.start) - o.shrinker.took }

// sum takes the sum of the runs so far.
func (o *output) sum(s *sim.Summary) {
	if o.journal != nil {
		o.journal.keep(o, s, o.due)
		o.due = false
	}
}

// begin says what is about to run.
func (o *output) begin() {
	if o.flags.json {
		return
	}
	for _, skipped := range o.flags.known.skipped(o.flags.backends) {
		fmt.Fprintf(o.stdout, "skipped: %s\n", skipped)
	}
	if o.resumed > 0 {
		fmt.Fprintf(o.stdout, "resumed: %d runs before, of which %d failed\n", o.resumed, o.journal.file.Sum.Failed())
	}
}

// result takes one result and says whether to go on.
func (o *output) result(r *sim.Result) bool {
	o.runs++
	o.calls += r.Coverage.Calls
	if o.progress && time.Since(o.shown) > 100*time.Millisecond {
		o.shown = time.Now()
		seconds := time.Since(o.start).Seconds()
		fmt.Fprintf(o.stderr, "\r\x1b[K%d runs, seed %d, %s, %.0f runs/s", o.runs, r.Seed, r.Scenario, float64(o.runs)/seconds)
	}
	if r.Verdict == sim.Pass {
		o.addToSite(r)
		return true
	}
	o.clearProgress()
	o.failed(r)
	o.due = true
	return o.flags.keepGoing
}

func (o *output) clearProgress() {
	if o.progress {
		fmt.Fprint(o.stderr, "\r\x1b[K")
	}
}

// failed shows a run that did not pass and keeps its seed file. One that failed is kept
// first, so that it is not lost where shrinking is interrupted.
func (o *output) failed(r *sim.Result) {
	path := o.keep(seedfile.Of(r))
	small := o.shrinker.shrink(r)
	if small.smaller {
		r = small.result
		path = o.keep(small.file)
	}
	o.clearProgress()
	commands := reproduce(r, path)
	o.addToSite(r, commands...)
	if o.flags.json {
		o.print(failureJSON(r, path, small))
		return
	}
	if err := report.Failure(o.stdout, r, o.more(commands, r, path, small)...); err != nil {
		fmt.Fprintf(o.stderr, "simrun: %v\n", err)
	}
	for _, line := range small.lines {
		fmt.Fprintf(o.stdout, "\n%s\n", line)
	}
}

// keep writes a seed file and returns its path, "" where that fails, which it says once.
func (o *output) keep(file seedfile.File) string {
	path, err := file.Save(o.flags.out)
	if err == nil {
		return path
	}
	if o.saveError == nil {
		o.saveError = err
		fmt.Fprintf(o.stderr, "simrun: the seed file could not be kept: %v; choose another folder with --out\n", err)
	}
	return ""
}

// reproduce returns the lines that show a run again.
func reproduce(r *sim.Result, path string) []string {
	if path == "" {
		return nil
	}
	return []string{
		"go run ./cmd/simrun replay " + path,
		fmt.Sprintf("go test ./backends/%s -run TestCertify -sim.file=%s", r.Backend, path),
	}
}

// more adds what else there is to see of a run.
func (o *output) more(commands []string, r *sim.Result, path string, small shrunk) []string {
	if path == "" {
		return nil
	}
	if picture := o.picture(r, path); picture != "" {
		commands = append(commands, "porcupine's picture of the history: "+picture)
	}
	if small.smaller {
		commands = append(commands, "the run before it was shrunk: go run ./cmd/simrun run "+o.flags.again(r))
	}
	return commands
}

// picture writes porcupine's picture of a run's history beside its seed file and
// returns its path, "" if there is nothing to show.
func (o *output) picture(r *sim.Result, seedFile string) string {
	if r.History == nil || r.History.Final == nil || r.Verdict != sim.Violation {
		return ""
	}
	path := strings.TrimSuffix(seedFile, ".json") + ".html"
	err := linearizability.Visualize(*r.History, path)
	if err == nil {
		return path
	}
	// A history too long to draw is no news with every one of many failures.
	if !o.noPicture {
		o.noPicture = true
		fmt.Fprintf(o.stderr, "simrun: no picture of the history: %v\n", err)
	}
	return ""
}

func (o *output) print(v any) {
	if err := json.NewEncoder(o.stdout).Encode(v); err != nil {
		fmt.Fprintf(o.stderr, "simrun: %v\n", err)
	}
}

// end prints the summary and returns the verdict of all runs together.
func (o *output) end(s sim.Summary, interrupted bool) sim.Verdict {
	o.clearProgress()
	if o.journal != nil {
		o.journal.keep(o, &s, true)
	}
	worst := s.Worst()
	vacuous := s.Vacuous()
	if len(vacuous) > 0 && worst == sim.Pass {
		worst = sim.Vacuous
	}
	if o.shrinker.notReproduced && worst != sim.NotDeterministic && worst != sim.Broken {
		worst = sim.NotReproduced
	}
	// Runs that were cut short prove less than was asked for.
	if s.Runs == 0 || (interrupted && worst == sim.Pass) {
		worst = sim.Undecided
	}
	if o.flags.json {
		o.print(o.summaryJSON(s, worst, vacuous, interrupted))
	} else {
		o.summary(s, worst, vacuous, interrupted)
	}
	o.endSite(&s, worst, vacuous)
	return worst
}

// endSite writes the index of the web site.
func (o *output) endSite(s *sim.Summary, worst sim.Verdict, vacuous []string) {
	if o.site == nil || o.siteError != nil {
		return
	}
	if o.siteError = o.site.Close(s, worst, vacuous, time.Since(o.start)); o.siteError == nil && !o.flags.json {
		fmt.Fprintf(o.stdout, "report: %s\n", filepath.Join(o.flags.report, "index.html"))
	}
}

func (o *output) summary(s sim.Summary, worst sim.Verdict, vacuous []string, interrupted bool) {
	if s.Worst() != sim.Pass {
		fmt.Fprintln(o.stdout)
	}
	w := tabwriter.NewWriter(o.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "backend\tscenario\truns\tfailed\tcalls\tapplied\tconflicts\tunknown\toverlaps\t")
	for _, workload := range s.Ran() {
		of := s.Workloads[workload]
		c := of.Coverage
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", workload.Backend, workload.Scenario, of.Runs, of.Failed, c.Calls, c.Applied, c.Conflicts, c.Unknown, c.Overlaps)
	}
	if err := w.Flush(); err != nil {
		fmt.Fprintf(o.stderr, "simrun: %v\n", err)
	}
	var faults []string
	for _, kind := range s.Coverage.Kinds() {
		faults = append(faults, fmt.Sprintf("%s %d", kind, s.Coverage.Faults[kind].Fired))
	}
	if len(faults) > 0 {
		fmt.Fprintf(o.stdout, "faults fired: %s\n", strings.Join(faults, ", "))
	}
	if c := s.Coverage; c.Crashes > 0 {
		fmt.Fprintf(o.stdout, "crashes: %d, %d of them in the middle of a recovery, which took away %d writes that were not synced and tore %d\n", c.Crashes, c.Again, c.Lost, c.Torn)
	}
	if kills := s.Coverage.Kills; kills > 0 {
		fmt.Fprintf(o.stdout, "kills: %d times a store was cut off its server\n", kills)
	}
	if c := s.Coverage; c.Restarts > 0 {
		fmt.Fprintf(o.stdout, "server crashes: %d, %d of them in the middle of a recovery\n", c.Restarts, c.RestartsAgain)
	}
	if reached := s.Coverage.Reached; len(reached) > 0 {
		var texts []string
		for _, what := range slices.Sorted(maps.Keys(reached)) {
			texts = append(texts, fmt.Sprintf("%s %d", what, reached[what]))
		}
		fmt.Fprintf(o.stdout, "reached: %s\n", strings.Join(texts, ", "))
	}
	if n := s.Coverage.Unconfirmed; n > 0 {
		fmt.Fprintf(o.stdout, "unconfirmed: %d histories that porcupine did not decide in its time; the fast checker did\n", n)
	}
	for _, line := range vacuous {
		fmt.Fprintf(o.stdout, "vacuous: %s\n", line)
	}
	if interrupted {
		fmt.Fprintln(o.stdout, "interrupted: what ran up to then is above")
	}
	seconds := o.ran().Seconds()
	fmt.Fprintf(o.stdout, "%s: %d runs, %d store calls, %d steps in %.1f s (%.0f runs/s, %.0f calls/s)\n",
		worst, s.Runs, s.Coverage.Calls, s.Steps, seconds, float64(s.Runs)/seconds, float64(s.Coverage.Calls)/seconds)
}

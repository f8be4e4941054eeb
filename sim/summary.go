package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// Summary is the sum of many runs.
type Summary struct {
	Runs     int
	Verdicts map[Verdict]int
	Steps    int
	Coverage Coverage
	// Traces is a hash over the trace hashes of all runs, in order: equal for equal
	// batches whatever the machine, the number of workers or the race detector.
	Traces uint64
	// Workloads has the sums by backend and scenario.
	Workloads map[Workload]*WorkloadSummary
}

// Workload is a scenario on a backend.
type Workload struct{ Backend, Scenario string }

// String returns "scenario on backend".
func (w Workload) String() string { return w.Scenario + " on " + w.Backend }

// MarshalText returns what [Workload.String] does, so that sums can be kept as JSON.
func (w Workload) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText parses what [Workload.MarshalText] returns. It returns an error for other text.
func (w *Workload) UnmarshalText(text []byte) error {
	scenario, backend, found := strings.Cut(string(text), " on ")
	if !found || scenario == "" || backend == "" {
		return fmt.Errorf("sim: %q is no workload: want \"scenario on backend\"", text)
	}
	w.Backend, w.Scenario = backend, scenario
	return nil
}

// WorkloadSummary is the sum of the runs of one workload.
type WorkloadSummary struct {
	Runs     int
	Coverage Coverage
	Failed   int
}

func (s *Summary) add(r *Result) {
	if s.Verdicts == nil {
		s.Verdicts = make(map[Verdict]int)
		s.Workloads = make(map[Workload]*WorkloadSummary)
	}
	s.Runs++
	s.Steps += r.Steps
	s.Traces = chain(s.Traces, r.Trace.Hash())
	s.Verdicts[r.Verdict]++
	s.Coverage.Add(r.Coverage)
	workload := Workload{r.Backend, r.Scenario}
	of := s.Workloads[workload]
	if of == nil {
		of = &WorkloadSummary{}
		s.Workloads[workload] = of
	}
	of.Runs++
	of.Coverage.Add(r.Coverage)
	if r.Failed() {
		of.Failed++
	}
}

// Worst returns the worst verdict of the runs, Pass if there was none.
func (s *Summary) Worst() Verdict {
	worst := Pass
	for v, n := range s.Verdicts {
		if n > 0 && rank(v) > rank(worst) {
			worst = v
		}
	}
	return worst
}

// Failed returns the number of runs that failed.
func (s *Summary) Failed() int {
	failed := 0
	for _, of := range s.Workloads {
		failed += of.Failed
	}
	return failed
}

// Ran returns the workloads that ran, sorted by backend, then scenario.
func (s *Summary) Ran() []Workload {
	return slices.SortedFunc(maps.Keys(s.Workloads), func(a, b Workload) int {
		return cmp.Or(cmp.Compare(a.Backend, b.Backend), cmp.Compare(a.Scenario, b.Scenario))
	})
}

// enough is the number of times a thing must have been expected before its absence
// counts as a finding: at 20, chance leaves it out once in 5·10⁸ batches.
const enough = 20

// enoughCrashes is the same for crashes that could take something away. A store that syncs
// whatever it writes at once has something to lose at few moments.
const enoughCrashes = 100

// enoughRestarts is the same for runs that are to crash the server, most of which do.
const enoughRestarts = 4

// Vacuous says what should have happened in the runs and never did, one sentence
// each: a kind of fault that was asked for and never fired although it had ample
// occasion, calls of a workload that no fault ever hit, a scenario made for conflicts that had none, something else that a scenario is
// for, clients that never overlapped. It is empty for runs that reached what they were made for.
func (s *Summary) Vacuous() []string {
	var found []string
	for _, info := range slices.Concat(chaos.Kinds(), chaos.RequestKinds(), chaos.DiskKinds()) {
		n, asked := s.Coverage.Faults[info.Kind]
		switch {
		case n.never():
			found = append(found, fmt.Sprintf("fault %s never fired although it was expected %.0f times", info.Kind, n.Expected))
		case asked && info.Kind.OnRequest() && n.Expected == 0 && s.Runs >= enough:
			found = append(found, fmt.Sprintf("fault %s never fired: in %d runs no request to a server was seen; use the tracer of package pgstep", info.Kind, s.Runs))
		case asked && info.Kind.OnDisk() && n.Expected == 0 && s.Runs >= enough:
			found = append(found, fmt.Sprintf("fault %s never fired: in %d runs no call of the store did anything on Env.Disk that can fail so", info.Kind, s.Runs))
		}
	}
	if c := s.Coverage; c.Crashes-c.Kept >= enoughCrashes && c.Lost+c.Torn == 0 {
		found = append(found, fmt.Sprintf("%d crashes took nothing away: whenever one came, all was synced", c.Crashes-c.Kept))
	}
	if c := s.Coverage; c.AgainDue >= enoughCrashes && c.Again == 0 {
		found = append(found, fmt.Sprintf("no crash came in the middle of a recovery although %d were to: the store recovers with fewer operations of the disk", c.AgainDue))
	}
	if c := s.Coverage; c.Flips >= enough && c.FlipsReported == 0 {
		found = append(found, fmt.Sprintf("%d bits were flipped and none was reported: none did any harm", c.Flips))
	}
	if c := s.Coverage; c.RestartRuns >= enoughRestarts && c.Restarts == 0 {
		found = append(found, fmt.Sprintf("the server never crashed although %d runs were to crash it: they ended before", c.RestartRuns))
	}
	if c := s.Coverage; c.RestartsAgainDue >= enoughRestarts && c.RestartsAgain == 0 {
		found = append(found, fmt.Sprintf("the server never crashed in the middle of a recovery although it was to do so %d times", c.RestartsAgainDue))
	}
	for _, workload := range s.Ran() {
		of := s.Workloads[workload]
		found = append(found, of.Coverage.unstruck(workload)...)
		if of.Runs < enough || of.Coverage.Calls == 0 {
			continue
		}
		if of.Coverage.Overlaps == 0 {
			found = append(found, fmt.Sprintf("%s: no two calls of different clients ever overlapped in %d runs", workload, of.Runs))
		}
		for _, what := range slices.Sorted(maps.Keys(of.Coverage.Reached)) {
			if of.Coverage.Reached[what] == 0 {
				found = append(found, fmt.Sprintf("%s: %s: none in %d runs", workload, what, of.Runs))
			}
		}
		scenario, err := scenarios.Lookup(workload.Scenario)
		if err == nil && scenario.WantsConflict && of.Coverage.Conflicts == 0 {
			found = append(found, fmt.Sprintf("%s: no append ever met a version conflict in %d runs", workload, of.Runs))
		}
	}
	return found
}

// never says that none fired where there was ample occasion.
func (n FaultCount) never() bool { return n.Fired == 0 && n.Expected >= enough }

// unstruck says which calls no fault ever hit.
func (c *Coverage) unstruck(workload Workload) []string {
	var found []string
	for _, op := range slices.Sorted(maps.Keys(c.Struck)) {
		if n := c.Struck[op]; n.never() {
			found = append(found, fmt.Sprintf("%s: no fault ever hit a call of %s although %.0f were expected", workload, op, n.Expected))
		}
	}
	return found
}

package site

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// failure is a line of the index.
type failure struct {
	Page, Title, Verdict, Backend, Scenario, Mutant string
	Seed                                            uint64
	Reason                                          string
}

// stats is what the index shows and a summary does not have.
type stats struct {
	// seeds are the runs of each workload, in order.
	seeds map[sim.Workload][]seedRun
	// anomalies counts runs by the name of what was found first.
	anomalies map[string]*anomaly
}

type seedRun struct {
	seed    uint64
	verdict sim.Verdict
	page    string
}

type anomaly struct {
	Name string
	Runs int
	Page string // of the first one
}

func (s *stats) add(r *sim.Result, page string) {
	if s.seeds == nil {
		s.seeds, s.anomalies = make(map[sim.Workload][]seedRun), make(map[string]*anomaly)
	}
	w := sim.Workload{Backend: r.Backend, Scenario: r.Scenario}
	s.seeds[w] = append(s.seeds[w], seedRun{r.Seed, r.Verdict, page})
	if r.Verdict == sim.Pass {
		return
	}
	name := titleOf(r)
	a := s.anomalies[name]
	if a == nil {
		a = &anomaly{Name: name, Page: page}
		s.anomalies[name] = a
	}
	a.Runs++
}

// indexPage is what the index is made of.
type indexPage struct {
	Style     template.CSS
	Theme     template.JS
	Verdict   sim.Verdict
	Tiles     []tile
	Backends  []string
	Scenarios []row
	Workloads []workload
	Faults    []bar
	Reached   []bar
	Anomalies []*anomaly
	Failures  []failure
	Left      int
	Vacuous   []string
}

type tile struct{ Value, Label, Note string }

// row is a scenario of the matrix, with a cell for each backend.
type row struct {
	Name  string
	Cells []*cell
}

type cell struct {
	Runs, Failed int
	Seeds        []bucket
}

// bucket is a few seeds next to one another.
type bucket struct{ Class, Title, Page string }

type workload struct {
	sim.Workload
	*sim.WorkloadSummary
}

// bar is a count beside others; Note says what was expected.
type bar struct {
	Name  string
	Count int
	Share int // in percent of the greatest
	Note  string
}

func (s *Site) index(sum *sim.Summary, verdict sim.Verdict, vacuous []string, elapsed time.Duration) indexPage {
	p := indexPage{Style: s.style, Theme: s.theme, Verdict: verdict, Failures: s.failures, Left: s.left, Vacuous: vacuous}
	seconds := max(elapsed.Seconds(), 1e-9)
	c := &sum.Coverage
	p.Tiles = []tile{
		{group(sum.Runs), "runs", fmt.Sprintf("%s a second", group(int(float64(sum.Runs)/seconds)))},
		{group(c.Calls), "store calls", fmt.Sprintf("%s a second", group(int(float64(c.Calls)/seconds)))},
		{group(sum.Steps), "steps", "decisions of the scheduler"},
		{group(c.Overlaps), "overlaps", "calls begun while another was under way"},
		{group(c.Applied), "appends applied", fmt.Sprintf("%s conflicts, %s unknown outcomes", group(c.Conflicts), group(c.Unknown))},
		{group(c.Crashes), "crashes", fmt.Sprintf("%s in recovery, %s writes lost, %s torn, %s kills", group(c.Again), group(c.Lost), group(c.Torn), group(c.Kills))},
		{group(c.Unconfirmed), "unconfirmed", "histories that porcupine did not decide in its time; the fast checker did"},
	}
	s.matrix(&p, sum)
	for _, w := range sum.Ran() {
		p.Workloads = append(p.Workloads, workload{w, sum.Workloads[w]})
	}
	for _, kind := range c.Kinds() {
		n := c.Faults[kind]
		p.Faults = append(p.Faults, bar{Name: kind.String(), Count: n.Fired, Note: fmt.Sprintf("%.0f expected", n.Expected)})
	}
	for _, what := range slices.Sorted(maps.Keys(c.Reached)) {
		p.Reached = append(p.Reached, bar{Name: what, Count: c.Reached[what]})
	}
	scale(p.Faults)
	scale(p.Reached)
	p.Anomalies = slices.SortedFunc(maps.Values(s.stats.anomalies), func(a, b *anomaly) int {
		return cmp.Or(cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.Name, b.Name))
	})
	return p
}

func scale(bars []bar) {
	most := 1
	for _, b := range bars {
		most = max(most, b.Count)
	}
	for i := range bars {
		bars[i].Share = 100 * bars[i].Count / most
	}
}

func (s *Site) matrix(p *indexPage, sum *sim.Summary) {
	var scenarios []string
	for _, w := range sum.Ran() {
		if !slices.Contains(p.Backends, w.Backend) {
			p.Backends = append(p.Backends, w.Backend)
		}
		if !slices.Contains(scenarios, w.Scenario) {
			scenarios = append(scenarios, w.Scenario)
		}
	}
	slices.Sort(scenarios)
	for _, name := range scenarios {
		line := row{Name: name}
		for _, backend := range p.Backends {
			w := sim.Workload{Backend: backend, Scenario: name}
			of := sum.Workloads[w]
			if of == nil {
				line.Cells = append(line.Cells, nil)
				continue
			}
			line.Cells = append(line.Cells, &cell{Runs: of.Runs, Failed: of.Failed, Seeds: buckets(s.stats.seeds[w])})
		}
		p.Scenarios = append(p.Scenarios, line)
	}
}

// maxBuckets is the number of squares for the seeds of a workload.
const maxBuckets = 48

// buckets gathers seeds so that they fit; a bucket looks like the worst run in it.
func buckets(runs []seedRun) []bucket {
	each := (len(runs) + maxBuckets - 1) / maxBuckets
	var all []bucket
	for from := 0; from < len(runs); from += each {
		part := runs[from:min(from+each, len(runs))]
		worst := part[0]
		for _, r := range part[1:] {
			if r.worse(worst) {
				worst = r
			}
		}
		title := fmt.Sprintf("seed %d: %s", part[0].seed, worst.verdict)
		if len(part) > 1 {
			title = fmt.Sprintf("seeds %d to %d: %s", part[0].seed, part[len(part)-1].seed, worst.verdict)
		}
		all = append(all, bucket{string(worst.verdict), title, worst.page})
	}
	return all
}

func (r seedRun) worse(than seedRun) bool {
	return slices.Index(sim.Verdicts(), r.verdict) > slices.Index(sim.Verdicts(), than.verdict)
}

// group writes a number with thin spaces between its thousands.
func group(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

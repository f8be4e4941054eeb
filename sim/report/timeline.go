package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

const (
	// timelineWidth is the number of columns of a line, laneName that of them for its name.
	timelineWidth, laneName = 100, 14
	// maxBlocks bounds the parts of a timeline that do not fit side by side.
	maxBlocks = 3
	// maxListed bounds the calls that are listed below it.
	maxListed = 12
)

// interval is something that a client did from one moment to another.
type interval struct {
	lane  int
	label string
	text  string
	// proves: it is part of what proves the first finding.
	proves     bool
	begin, end moment
	// from and to are the columns of both.
	from, to int
}

// moment orders what happens in a run: by the stamp of the history, then by the step.
type moment struct {
	stamp int64
	step  int
}

func (m moment) compare(o moment) int {
	if m.stamp != o.stamp {
		return int(m.stamp - o.stamp)
	}
	return m.step - o.step
}

// timeline is the calls of a run, or its operations, side by side.
type timeline struct {
	lanes     []string
	intervals []interval
	marks     []mark
	width     int
}

// mark is a fault in a lane, or a crash in all of them: lane is then -1.
type mark struct {
	lane int
	at   moment
	col  int
}

// writeTimeline draws a lane for each client. Where store calls prove the finding, the
// intervals are calls; else they are operations.
func writeTimeline(b *strings.Builder, r *sim.Result) {
	t := newTimeline(r)
	if len(t.intervals) == 0 {
		return
	}
	t.place()
	b.WriteString("\n  timeline")
	b.WriteString(t.legend(r))
	b.WriteString(":\n")
	t.draw(b)
	t.list(b)
}

// legend says which signs there are.
func (t *timeline) legend(r *sim.Result) string {
	var signs []string
	what := "operation"
	if r.History != nil && isProved(r) {
		what = "store call"
		signs = append(signs, "|=1=| one that proves it")
	}
	signs = append([]string{"|-1-| " + what}, signs...)
	if slices.ContainsFunc(t.marks, func(m mark) bool { return m.lane >= 0 }) {
		signs = append(signs, "! fault")
	}
	if slices.ContainsFunc(t.marks, func(m mark) bool { return m.lane < 0 }) {
		signs = append(signs, "X crash")
	}
	return ", " + strings.Join(signs, ", ")
}

func isProved(r *sim.Result) bool { return len(r.Findings) > 0 && len(r.Findings[0].Operations) > 0 }

func newTimeline(r *sim.Result) *timeline {
	t := &timeline{}
	lane := t.namer(len(r.Program.Clients))
	if r.History != nil && isProved(r) {
		t.addCalls(r, lane)
	} else {
		t.addOperations(r, lane)
	}
	for _, m := range r.Marks {
		n := -1
		if m.Client >= 0 {
			n = lane(m.Client)
		}
		t.marks = append(t.marks, mark{lane: n, at: moment{m.Stamp, m.Step}})
	}
	t.sortLanes()
	return t
}

// namer returns a function that finds the lane of a client.
func (t *timeline) namer(clients int) func(client int) int {
	return func(client int) int {
		name := "client " + strconv.Itoa(client)
		switch client {
		case clients:
			name = "set-up"
		case linearizability.FinalClient:
			name = "final read"
		}
		i := slices.Index(t.lanes, name)
		if i < 0 {
			i = len(t.lanes)
			t.lanes = append(t.lanes, name)
		}
		return i
	}
}

func (t *timeline) addCalls(r *sim.Result, lane func(int) int) {
	for i := range r.History.Operations {
		op := &r.History.Operations[i]
		proves := slices.Contains(r.Findings[0].Operations, i)
		if op.Client == linearizability.FinalClient && !proves {
			continue
		}
		until := moment{op.Return, 0}
		if op.Return == linearizability.Never {
			until = moment{r.History.Operations[len(r.History.Operations)-1].Call, len(r.Schedule)}
		}
		t.intervals = append(t.intervals, interval{
			lane: lane(op.Client), text: op.String(), proves: proves, begin: moment{op.Call, 0}, end: until,
		})
	}
}

func (t *timeline) addOperations(r *sim.Result, lane func(int) int) {
	for i := range r.Spans {
		s := &r.Spans[i]
		t.intervals = append(t.intervals, interval{
			lane: lane(s.Client), text: operationText(r, s),
			begin: moment{s.After, s.FirstStep}, end: moment{s.Until, s.EndStep},
		})
	}
}

// operationText describes an operation and what came of it.
func operationText(r *sim.Result, s *sim.Span) string {
	who := fmt.Sprintf("client %d", s.Client)
	if s.Phase == scenarios.PhaseSetup {
		who = "set-up"
	}
	for i := range r.Results {
		if o := &r.Results[i]; o.Client == s.Client && o.Phase == s.Phase && o.Index == s.Index {
			text := fmt.Sprintf("%s %s → %s", who, o.Op, o.Outcome)
			if o.Err != nil {
				text += ": " + o.Err.Error()
			}
			return text
		}
	}
	return who + " did not come back"
}

// sortLanes puts the set-up first, then the clients, then the final read.
func (t *timeline) sortLanes() {
	order := make([]int, len(t.lanes))
	for i := range order {
		order[i] = i
	}
	rank := func(name string) int {
		switch name {
		case "set-up":
			return -1
		case "final read":
			return 1 << 20
		}
		n, _ := strconv.Atoi(strings.TrimPrefix(name, "client ")) // made by namer
		return n
	}
	slices.SortFunc(order, func(a, b int) int { return rank(t.lanes[a]) - rank(t.lanes[b]) })
	names, to := make([]string, len(order)), make([]int, len(order))
	for i, old := range order {
		names[i], to[old] = t.lanes[old], i
	}
	t.lanes = names
	for i := range t.intervals {
		t.intervals[i].lane = to[t.intervals[i].lane]
	}
	for i := range t.marks {
		if t.marks[i].lane >= 0 {
			t.marks[i].lane = to[t.marks[i].lane]
		}
	}
}

// place numbers the intervals and gives every moment a column: as little room as the labels
// need.
func (t *timeline) place() {
	slices.SortStableFunc(t.intervals, func(a, b interval) int { return a.begin.compare(b.begin) })
	// Where two moments are the same, what ends comes before what begins, unless that is
	// one and the same.
	type event struct {
		at   moment
		rank int
		col  *int
	}
	var events []event
	for i := range t.intervals {
		iv := &t.intervals[i]
		iv.label = strconv.Itoa(i + 1)
		events = append(events, event{iv.begin, 1, &iv.from})
	}
	for i := range t.marks {
		events = append(events, event{t.marks[i].at, 1, &t.marks[i].col})
	}
	for i := range t.intervals {
		iv := &t.intervals[i]
		rank := 0
		if iv.begin == iv.end {
			rank = 2
		}
		events = append(events, event{iv.end, rank, &iv.to})
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Or(a.at.compare(b.at), a.rank-b.rank) })
	gap := len(strconv.Itoa(len(t.intervals))) + 2
	for i, e := range events {
		*e.col = i * gap
	}
	t.width = max(0, len(events)-1)*gap + 1
}

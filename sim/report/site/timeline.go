package site

import (
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// timeline is a run as a page draws it. Places on it, all named X or From and To, are in
// units of their own: a stamp of the history takes one, what lies between stamps less.
type timeline struct {
	Lanes    []string  `json:"lanes"`
	Width    float64   `json:"width"`
	Calls    []call    `json:"calls"`
	Marks    []mark    `json:"marks"`
	Waits    []wait    `json:"waits"`
	Stops    []stop    `json:"stops"`
	Streams  []stream  `json:"streams"`
	Findings []finding `json:"findings"`
	// LeftOut is the number of statements that were too many to draw.
	LeftOut int `json:"leftOut"`
}

// call is a store call; its place in the list is that in the history.
type call struct {
	Lane int `json:"lane"`
	// Depth counts the calls of the same client that it lies in.
	Depth   int     `json:"depth"`
	From    float64 `json:"from"`
	To      float64 `json:"to"`
	Open    bool    `json:"open,omitempty"` // it never returned
	Kind    string  `json:"kind"`
	Outcome string  `json:"outcome"`
	Label   string  `json:"label"`
	Text    string  `json:"text"`
}

// mark is a fault, a crash, a phase, a statement or, of kind state, the start or the end of
// a call to what a store keeps besides events.
type mark struct {
	Lane int     `json:"lane"` // -1: all
	X    float64 `json:"x"`
	Kind string  `json:"kind"`
	Text string  `json:"text"`
}

// wait is a time in which a client could not go on.
type wait struct {
	Lane int     `json:"lane"`
	From float64 `json:"from"`
	To   float64 `json:"to"`
	Text string  `json:"text"`
}

// stop is a place that stepping comes to.
type stop struct {
	X    float64 `json:"x"`
	Text string  `json:"text"`
	Call int     `json:"call"` // -1: none
}

type finding struct {
	Name    string   `json:"name"`
	Message string   `json:"message"`
	Calls   []int    `json:"calls"`
	Edges   []string `json:"edges"`
}

// The widths of what is between two stamps.
const (
	wideMark  = 0.7
	smallMark = 0.3
)

// maxStatements is the number of statements and file operations that are drawn.
const maxStatements = 20_000

func newTimeline(r *sim.Result) *timeline {
	b := &builder{result: r, line: &timeline{
		Calls: []call{}, Marks: []mark{}, Waits: []wait{}, Stops: []stop{}, Streams: []stream{}, Findings: []finding{},
	}}
	if r.History != nil {
		b.ops = r.History.Operations
	}
	b.number()
	b.walk()
	b.addCalls()
	b.endWaits()
	b.line.Width = b.x + 1
	if r.History != nil {
		b.line.Streams = streamsOf(r.History, b.line.Calls)
	}
	for _, f := range r.Findings {
		b.line.Findings = append(b.line.Findings, finding{f.Name, f.Message, orEmpty(f.Operations), orEmpty(f.Edges)})
	}
	return b.line
}

func orEmpty[T any](s []T) []T { return append([]T{}, s...) }

// builder lays out a timeline.
type builder struct {
	result *sim.Result
	line   *timeline
	ops    []linearizability.Operation
	// at has the place of each stamp, and owner what it is: the call plus 1, negative for
	// its return.
	at    []float64
	owner []int
	// held has since when each task could not go on, or none.
	held []float64
	x    float64
}

const none = -1

func (b *builder) number() {
	last := int64(0)
	for i := range b.ops {
		last = max(last, b.ops[i].Call)
		if b.ops[i].Return != linearizability.Never {
			last = max(last, b.ops[i].Return)
		}
	}
	b.at, b.owner = make([]float64, last+1), make([]int, last+1)
	for i := range b.ops {
		b.owner[b.ops[i].Call] = i + 1
		if b.ops[i].Return != linearizability.Never {
			b.owner[b.ops[i].Return] = -(i + 1)
		}
	}
	tasks := b.result.Trace.Tasks()
	b.held = make([]float64, tasks)
	for t := range tasks {
		b.held[t] = none
		b.line.Lanes = append(b.line.Lanes, b.result.Trace.Task(t))
	}
	if b.lane(linearizability.FinalClient) >= len(b.line.Lanes) {
		b.line.Lanes = append(b.line.Lanes, "final read")
	}
}

// lane returns the lane of a client of the history.
func (b *builder) lane(client int) int {
	if client == linearizability.FinalClient {
		// Behind the clients and the set-up.
		return len(b.result.Program.Clients) + 1
	}
	return client
}

// walk goes through stamps and steps in their order and gives each its place.
func (b *builder) walk() {
	step, steps := 0, b.result.Trace.Len()
	for stamp := range b.at {
		if stamp > 0 {
			b.x++
			b.at[stamp] = b.x
			b.stopAt(b.owner[stamp])
		}
		for ; step < steps; step++ {
			s := b.result.Trace.Step(step)
			if s.Stamp > int64(stamp) && stamp < len(b.at)-1 {
				break
			}
			b.step(&s)
		}
	}
}

// stopAt adds the stop of a call, or of its return.
func (b *builder) stopAt(owner int) {
	switch {
	case owner > 0:
		b.stop("calls", owner-1)
	case owner < 0:
		b.stop("returns", -owner-1)
	}
}

func (b *builder) stop(verb string, i int) {
	text := b.ops[i].String()
	if verb == "calls" {
		// What comes of it is not known yet.
		text, _, _ = strings.Cut(text, " → ")
	}
	b.line.Stops = append(b.line.Stops, stop{b.x, verb + ": " + text, i})
}

func (b *builder) step(s *sim.Step) {
	switch s.Kind {
	case sim.Faulted:
		b.mark("fault", s.Task, wideMark, s.Name, fmt.Sprintf("%s gets the fault %s", b.line.Lanes[s.Task], s.Name))
	case sim.Crashed:
		b.mark("crash", none, wideMark, s.Name, "the process of the store crashes: "+s.Name)
	case sim.Phased:
		b.mark("phase", none, wideMark, s.Name, "phase: "+s.Name)
	case sim.Resumed:
		b.resumed(s)
	}
}

func (b *builder) mark(kind string, lane int, width float64, text, told string) {
	b.x += width
	b.line.Marks = append(b.line.Marks, mark{lane, b.x, kind, text})
	b.line.Stops = append(b.line.Stops, stop{b.x, told, none})
}

// resumed: a task goes on. What it did inside of the backend is a mark, and that it could
// not go on before a wait.
func (b *builder) resumed(s *sim.Step) {
	if sim.OfState(s.Name) {
		b.mark("state", s.Task, smallMark, s.Name, fmt.Sprintf("%s: %s", b.line.Lanes[s.Task], s.Name))
	} else if !sim.Own(s.Name) {
		if len(b.line.Marks) < maxStatements {
			b.mark("statement", s.Task, smallMark, s.Name, fmt.Sprintf("%s: %s", b.line.Lanes[s.Task], s.Name))
		} else {
			b.line.LeftOut++
		}
		if from := b.held[s.Task]; from != none {
			b.line.Waits = append(b.line.Waits, wait{s.Task, from, b.x, "waits: " + s.Name})
		}
	} else if s.Name == sim.Sleep && b.held[s.Task] != none {
		b.line.Waits = append(b.line.Waits, wait{s.Task, b.held[s.Task], b.x + smallMark/2, "sleeps"})
	}
	b.held[s.Task] = none
	for t := range b.held {
		if t != s.Task && b.held[t] == none && !s.Runnable(t) {
			b.held[t] = b.x
		}
	}
}

// addCalls places the calls. A call of a client that began while another one of it was
// under way lies in that.
func (b *builder) addCalls() {
	open := make([][]float64, len(b.line.Lanes)) // the ends of the calls under way
	for i := range b.ops {
		op := &b.ops[i]
		c := call{Lane: b.lane(op.Client), From: b.at[op.Call], Text: op.String(), Open: op.Return == linearizability.Never}
		c.To = b.x + 1
		if !c.Open {
			c.To = b.at[op.Return]
		}
		under := open[c.Lane]
		for len(under) > 0 && under[len(under)-1] < c.From {
			under = under[:len(under)-1]
		}
		c.Depth = len(under)
		open[c.Lane] = append(under, c.To)
		c.Kind, c.Outcome, c.Label = kindOf(op), outcomeOf(op), labelOf(op)
		b.line.Calls = append(b.line.Calls, c)
	}
}

// endWaits: who could not go on at the end, in the middle of a call, waits for ever.
func (b *builder) endWaits() {
	if b.result.Verdict != sim.NoProgress {
		return
	}
	for _, c := range b.line.Calls {
		if c.Open && c.Lane < len(b.held) && b.held[c.Lane] != none {
			b.line.Waits = append(b.line.Waits, wait{c.Lane, b.held[c.Lane], b.x + 1, "waits, and never goes on"})
			b.held[c.Lane] = none
		}
	}
}

func kindOf(op *linearizability.Operation) string {
	switch op.Kind {
	case linearizability.Append:
		return "append"
	case linearizability.ReadStream:
		return "read"
	default:
		return "read all"
	}
}

func outcomeOf(op *linearizability.Operation) string {
	switch {
	case op.Kind != linearizability.Append && op.End == linearizability.Failed:
		return "failed"
	case op.Kind != linearizability.Append:
		return "ok"
	case op.Outcome == eventcore.OutcomeApplied:
		return "ok"
	case op.Outcome == eventcore.OutcomeUnknown:
		return "unknown"
	case op.Conflict != nil:
		return "conflict"
	default:
		return "failed"
	}
}

func labelOf(op *linearizability.Operation) string {
	switch op.Kind {
	case linearizability.Append:
		var parts []string
		for _, p := range op.Participants {
			text := fmt.Sprintf("%s@%d", p.Stream, p.Expected)
			if p.Events > 0 {
				text += fmt.Sprintf("+%d", p.Events)
			}
			parts = append(parts, text)
		}
		return "append " + strings.Join(parts, " ")
	case linearizability.ReadStream:
		return fmt.Sprintf("read %s → %d", op.Stream, int(op.After)+len(op.Seen))
	default:
		return fmt.Sprintf("read all → %d", len(op.Seen))
	}
}

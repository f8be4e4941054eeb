package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// Steps tells a run operation by operation: when each began and ended, its store calls as
// they return, faults, crashes, and after each call that wrote, what the streams hold by what
// the clients have been told. Each step is one line, or two.
func Steps(r *sim.Result) []string {
	if r.History == nil {
		return nil
	}
	w := &walk{result: r, proving: make(map[int]bool), streams: make(map[eventcore.StreamID]eventcore.Version)}
	if len(r.Findings) > 0 {
		for _, i := range r.Findings[0].Operations {
			w.proving[i] = true
		}
	}
	for i := range r.Spans {
		s := &r.Spans[i]
		w.add(moment{s.After, s.FirstStep}, func() string { return "> " + w.who(s.Client) + " begins " + w.operation(s) })
		if s.Ended {
			w.add(moment{s.Until, s.EndStep}, func() string { return "< " + operationText(r, s) })
		}
	}
	for i := range r.History.Operations {
		op := &r.History.Operations[i]
		at := moment{op.Return, 0}
		if op.Return == linearizability.Never {
			at = moment{op.Call, 0}
		}
		w.add(at, func() string { return w.call(i, op) })
	}
	for _, m := range r.Marks {
		w.add(moment{m.Stamp, m.Step}, func() string {
			if m.Client < 0 {
				return "X " + m.Text
			}
			return "! " + w.who(m.Client) + " gets fault " + m.Text
		})
	}
	slices.SortStableFunc(w.entries, func(a, b entry) int { return a.at.compare(b.at) })
	var lines []string
	for _, e := range w.entries {
		lines = append(lines, e.text())
	}
	return append(lines, fmt.Sprintf("= %s: %s", r.Verdict, clip(r.Reason)))
}

type walk struct {
	result  *sim.Result
	proving map[int]bool
	entries []entry
	streams map[eventcore.StreamID]eventcore.Version
}

// entry is a step whose text depends on those before it.
type entry struct {
	at   moment
	text func() string
}

func (w *walk) add(at moment, text func() string) { w.entries = append(w.entries, entry{at, text}) }

func (w *walk) who(client int) string {
	switch client {
	case len(w.result.Program.Clients):
		return "set-up"
	case linearizability.FinalClient:
		return "final read"
	default:
		return fmt.Sprintf("client %d", client)
	}
}

// operation returns the text of an operation of the program.
func (w *walk) operation(s *sim.Span) string {
	list := w.result.Program.Setup
	switch s.Phase {
	case scenarios.PhaseSafety:
		list = w.result.Program.Clients[s.Client]
	case scenarios.PhaseProbe:
		list = w.result.Program.Probes[s.Client]
	case scenarios.PhaseSetup:
	}
	return list[s.Index].String()
}

func (w *walk) call(i int, op *linearizability.Operation) string {
	sign := " "
	if w.proving[i] {
		sign = "*"
	}
	text := sign + " " + fit(op.String(), maxLine)
	if op.Kind != linearizability.Append || op.Outcome != eventcore.OutcomeApplied {
		return text
	}
	for _, at := range op.Appended.Streams {
		w.streams[at.Stream] = max(at.Version, w.streams[at.Stream])
	}
	var now []string
	for _, id := range slices.SortedFunc(maps.Keys(w.streams), func(a, b eventcore.StreamID) int { return strings.Compare(a.String(), b.String()) }) {
		now = append(now, fmt.Sprintf("%s@%d", id, w.streams[id]))
	}
	return text + "\n    now: " + strings.Join(now, " ")
}

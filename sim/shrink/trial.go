package shrink

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// trial is a run that may be tried.
type trial struct {
	program  scenarios.Program
	faults   []chaos.Fault
	crashes  []sim.Crash
	schedule []int
	// alone says that only its own schedule is to be tried, no others.
	alone bool
}

// attempt is a run that failed in the right way.
type attempt struct {
	result *sim.Result
	size   Size
}

func newAttempt(r *sim.Result) *attempt { return &attempt{r, SizeOf(r)} }

// longest is the number of steps of a schedule that are kept to be changed. A run that has
// more of them most often makes no progress in the rest.
const longest = 10_000

// trial returns the run as it was.
func (a *attempt) trial() trial {
	r := a.result
	return trial{
		program: clone(&r.Program), faults: slices.Clone(r.Faults),
		crashes: slices.Clone(r.Crashes), schedule: slices.Clone(r.Schedule[:min(len(r.Schedule), longest)]),
	}
}

// on returns the run as it can be tried on another backend: with what can befall that one.
func (t trial) on(b sim.Backend) trial {
	faults, crashes := b.Befalling(chaos.Explicit(t.faults...), t.crashes)
	t.faults = faults.Faults
	t.crashes = slices.DeleteFunc(crashes, func(c sim.Crash) bool { return !b.Suffers(c) })
	return t
}

// span finds the span of an operation.
func (a *attempt) span(at place) *sim.Span {
	for i := range a.result.Spans {
		s := &a.result.Spans[i]
		if s.Phase == at.phase && s.Index == at.index && (at.phase == scenarios.PhaseSetup || s.Client == at.client) {
			return s
		}
	}
	return nil
}

// without returns the run without some operations, given in the order of [places]: without
// their steps and their faults, with the others' faults and the crashes where they were.
func (a *attempt) without(drop []place) trial {
	t := a.trial()
	for _, at := range slices.Backward(drop) {
		list := at.list(&t.program)
		*list = slices.Delete(*list, at.index, at.index+1)
	}
	tidy(&t.program)
	gone := make([]bool, len(t.schedule))
	for _, at := range drop {
		span := a.span(at)
		if span == nil {
			continue
		}
		for i := span.FirstStep; i < min(span.EndStep, len(gone)); i++ {
			gone[i] = gone[i] || t.schedule[i] == span.Client
		}
	}
	t.faults = a.faultsWithout(drop)
	t.cut(gone)
	return t
}

// faultsWithout moves faults to where their calls are once operations are gone.
func (a *attempt) faultsWithout(drop []place) (kept []chaos.Fault) {
	for _, f := range a.result.Faults {
		moved, lost := f, false
		for _, at := range drop {
			span := a.span(at)
			if span == nil || at.phase != scenarios.PhaseSafety || at.client != f.Client {
				continue
			}
			first, end := span.Numbers(f.Kind)
			if first > f.Call {
				continue
			}
			if f.Call < end {
				lost = true
			}
			moved.Call -= end - first
		}
		if !lost {
			kept = append(kept, moved)
		}
	}
	return kept
}

// cut takes the steps out of the schedule that are gone, and moves the crashes.
func (t *trial) cut(gone []bool) {
	before := make([]int, len(gone)+1) // how many are gone before a step
	for i, is := range gone {
		before[i+1] = before[i]
		if is {
			before[i+1]++
		}
	}
	kept := t.schedule[:0]
	for i, id := range t.schedule {
		if !gone[i] {
			kept = append(kept, id)
		}
	}
	t.schedule = kept
	for i := range t.crashes {
		t.crashes[i].Step -= before[min(t.crashes[i].Step, len(gone))]
	}
	t.order()
}

// order makes the steps of the crashes grow.
func (t *trial) order() {
	slices.SortStableFunc(t.crashes, func(a, b sim.Crash) int { return a.Step - b.Step })
	last := 0
	for i := range t.crashes {
		last = max(last+1, t.crashes[i].Step)
		t.crashes[i].Step = last
	}
}

// renumber gives clients other numbers; -1 is one that is gone. Several may get one number:
// their operations then follow one another, and so do the calls that have faults.
func (a *attempt) renumber(to []int, clients int) trial {
	old := a.trial()
	t := trial{crashes: old.crashes, program: scenarios.Program{Setup: old.program.Setup, Clients: make([][]scenarios.Op, clients), Probes: make([][]scenarios.Op, clients)}}
	merged := make([][]int, clients) // the old clients that a new one has taken so far
	for c, ops := range old.program.Clients {
		n := to[c]
		if n < 0 {
			continue
		}
		t.program.Clients[n] = append(t.program.Clients[n], ops...)
		if c < len(old.program.Probes) {
			t.program.Probes[n] = append(t.program.Probes[n], old.program.Probes[c]...)
		}
		for _, f := range old.faults {
			if f.Client == c {
				f.Client = n
				for _, before := range merged[n] {
					f.Call += a.calls(before, f.Kind)
				}
				t.faults = append(t.faults, f)
			}
		}
		merged[n] = append(merged[n], c)
	}
	tidy(&t.program)
	// Behind the clients come the tasks of the set-up and of the final read.
	shift := clients - len(old.program.Clients)
	for _, id := range old.schedule {
		switch {
		case id >= len(to):
			t.schedule = append(t.schedule, id+shift)
		case to[id] >= 0:
			t.schedule = append(t.schedule, to[id])
		}
	}
	return t
}

// calls returns how many calls a client made under faults, or requests or operations on the
// disk, whichever faults of that kind hit.
func (a *attempt) calls(client int, kind chaos.Kind) (n int) {
	for i := range a.result.Spans {
		if s := &a.result.Spans[i]; s.Client == client && s.Phase == scenarios.PhaseSafety {
			_, end := s.Numbers(kind)
			n = max(n, end)
		}
	}
	return n
}

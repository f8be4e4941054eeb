package shrink

import (
	"slices"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// changed returns the run with one operation changed.
func (b *attempt) changed(at place, change func(op *scenarios.Op)) trial {
	t := b.trial()
	change(at.op(&t.program))
	return t
}

// withoutStreams takes single streams out of the lists of operations.
func withoutStreams(b *attempt) (trials []trial) {
	for _, at := range places(&b.result.Program) {
		op := at.op(&b.result.Program)
		for i := range op.Streams {
			trials = append(trials, b.changed(at, func(op *scenarios.Op) { op.Streams = slices.Delete(op.Streams, i, i+1) }))
		}
		for i := range op.Reads {
			trials = append(trials, b.changed(at, func(op *scenarios.Op) { op.Reads = slices.Delete(op.Reads, i, i+1) }))
		}
	}
	return trials
}

// mergedStreams takes a stream out of the whole program: everywhere, or with another one in
// its place.
func mergedStreams(b *attempt) (trials []trial) {
	var all []eventcore.StreamID
	for _, at := range places(&b.result.Program) {
		op := at.op(&b.result.Program)
		for _, id := range slices.Concat(op.Streams, op.Reads) {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	for i, id := range slices.Backward(all) {
		t := b.trial()
		for _, at := range places(&t.program) {
			op := at.op(&t.program)
			is := func(other eventcore.StreamID) bool { return other == id }
			op.Streams, op.Reads = slices.DeleteFunc(op.Streams, is), slices.DeleteFunc(op.Reads, is)
		}
		trials = append(trials, t)
		for _, other := range all[:i] {
			t := b.trial()
			for _, at := range places(&t.program) {
				replace(at.op(&t.program), id, other)
			}
			trials = append(trials, t)
		}
	}
	return trials
}

// replace puts one stream in the place of another, once in each operation.
func replace(op *scenarios.Op, id, by eventcore.StreamID) {
	for _, list := range []*[]eventcore.StreamID{&op.Streams, &op.Reads} {
		if i := slices.Index(*list, id); i >= 0 {
			if slices.Contains(op.Streams, by) || slices.Contains(op.Reads, by) {
				*list = slices.Delete(*list, i, i+1)
			} else {
				(*list)[i] = by
			}
		}
	}
}

// plainer makes single operations say less.
func plainer(b *attempt) (trials []trial) {
	for _, at := range places(&b.result.Program) {
		op := at.op(&b.result.Program)
		for _, n := range smaller(op.Count) {
			trials = append(trials, b.changed(at, func(op *scenarios.Op) { op.Count = n }))
		}
		for _, n := range smaller(op.Limit) {
			trials = append(trials, b.changed(at, func(op *scenarios.Op) { op.Limit = n }))
		}
		for _, n := range smaller(int(op.Amount)) {
			trials = append(trials, b.changed(at, func(op *scenarios.Op) { op.Amount = int64(n) }))
		}
		for _, n := range smaller(int(op.After)) { //nolint:gosec // a version that was drawn
			trials = append(trials, b.changed(at, func(op *scenarios.Op) { op.After = uint64(n) })) //nolint:gosec // as above
		}
		for _, text := range []func(op *scenarios.Op) *string{
			func(op *scenarios.Op) *string { return &op.Prefix },
			func(op *scenarios.Op) *string { return &op.Pattern },
			func(op *scenarios.Op) *string { return &op.Type },
		} {
			if *text(op) != "" {
				trials = append(trials, b.changed(at, func(op *scenarios.Op) { *text(op) = "" }))
			}
		}
		if op.Projection != nil {
			trials = append(trials, b.plainProjection(at, op.Projection)...)
		}
	}
	return trials
}

// plainProjection makes a projection say less.
func (b *attempt) plainProjection(at place, p *scenarios.Projecting) (trials []trial) {
	for _, field := range []func(p *scenarios.Projecting) *int{
		func(p *scenarios.Projecting) *int { return &p.Die },
		func(p *scenarios.Projecting) *int { return &p.Panic },
		func(p *scenarios.Projecting) *int { return &p.Cancel },
		func(p *scenarios.Projecting) *int { return &p.Lose },
		func(p *scenarios.Projecting) *int { return &p.Flaky },
	} {
		for _, n := range smaller(*field(p)) {
			trials = append(trials, b.changed(at, func(op *scenarios.Op) { *field(op.Projection) = n }))
		}
	}
	for _, field := range []func(p *scenarios.Projecting) *bool{
		func(p *scenarios.Projecting) *bool { return &p.Lead },
		func(p *scenarios.Projecting) *bool { return &p.EachPage },
	} {
		if *field(p) {
			trials = append(trials, b.changed(at, func(op *scenarios.Op) { *field(op.Projection) = false }))
		}
	}
	return trials
}

// smaller returns numbers to try in the place of n, smallest first.
func smaller(n int) (all []int) {
	for _, m := range []int{0, 1, n / 2, n - 1} {
		if m < n && m >= 0 && !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// plainFaults makes faults come after fewer events, and delays short.
func plainFaults(b *attempt) (trials []trial) {
	for i, f := range b.result.Faults {
		for _, n := range smaller(f.After) {
			t := b.trial()
			t.faults[i].After = n
			trials = append(trials, t)
		}
		if f.Delay > time.Millisecond {
			t := b.trial()
			t.faults[i].Delay = time.Millisecond
			trials = append(trials, t)
		}
	}
	return trials
}

// plainCrashes makes crashes lose all that was not synced, wait for nothing, and come once.
func plainCrashes(b *attempt) (trials []trial) {
	for i, c := range b.result.Crashes {
		change := func(change func(c *sim.Crash)) {
			t := b.trial()
			change(&t.crashes[i])
			trials = append(trials, t)
		}
		if c.Again > 0 {
			change(func(c *sim.Crash) { c.Again = 0 })
		}
		if c.Flip > 0 {
			change(func(c *sim.Crash) { c.Flip = 0 })
		}
		if c.Kind != sim.CrashPower {
			change(func(c *sim.Crash) { c.Kind = sim.CrashPower })
		}
		if c.Kind != sim.CrashPower || c.Again > 0 {
			t := b.trial()
			t.crashes[i] = sim.Crash{Step: 1, Kind: sim.CrashPower}
			trials = append(trials, atEveryStep(t)[1:]...)
		}
		if c.At != "" {
			change(func(c *sim.Crash) { c.Step, c.At = b.crashStep(i), "" })
		}
	}
	return trials
}

// longSchedule bounds the schedules for which every step of a crash is tried.
const longSchedule = 300

// atEveryStep returns a run, and where it has one crash and is short, the same with the crash
// at each of its steps: what a crash takes away is drawn by its step.
func atEveryStep(t trial) []trial {
	all := []trial{t}
	if len(t.crashes) != 1 || len(t.schedule) > longSchedule {
		return all
	}
	for step := range t.schedule {
		moved := t
		moved.alone, moved.crashes = true, []sim.Crash{t.crashes[0]}
		moved.crashes[0].Step = step + 1
		all = append(all, moved)
	}
	return all
}

// crashStep returns the step at which a crash came, which may be later than the one it
// names.
func (b *attempt) crashStep(i int) int {
	for _, m := range b.result.Marks {
		if m.Client < 0 {
			if i == 0 {
				return max(1, m.Step)
			}
			i--
		}
	}
	return 1
}

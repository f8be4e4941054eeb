package shrink

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// onlyProof leaves only the operations whose store calls prove the first finding; then those
// and the set-up; then what had begun by the time the last of them ended.
func onlyProof(b *attempt) (trials []trial) {
	r := b.result
	if r.History == nil || len(r.Findings) == 0 || len(r.Findings[0].Operations) == 0 {
		return nil
	}
	proving, last := make(map[place]bool), int64(0)
	for _, i := range r.Findings[0].Operations {
		op := &r.History.Operations[i]
		if op.Client < 0 {
			continue // the final read, which shows all
		}
		last = max(last, op.Call)
		for j := range r.Spans {
			if s := &r.Spans[j]; s.Client == op.Client && s.After < op.Call && op.Call <= s.Until {
				proving[placeOf(s)] = true
			}
		}
	}
	keep := func(kept func(at place) bool) {
		var drop []place
		for _, at := range places(&r.Program) {
			if !kept(at) {
				drop = append(drop, at)
			}
		}
		if len(drop) > 0 {
			trials = append(trials, b.without(drop))
		}
	}
	keep(func(at place) bool { return proving[at] })
	keep(func(at place) bool { return proving[at] || at.phase == scenarios.PhaseSetup })
	keep(func(at place) bool {
		s := b.span(at)
		return s != nil && s.After <= last
	})
	return trials
}

// placeOf returns the place of an operation that a span is of.
func placeOf(s *sim.Span) place {
	if s.Phase == scenarios.PhaseSetup {
		return place{s.Phase, 0, s.Index}
	}
	return place{s.Phase, s.Client, s.Index}
}

// withoutClients takes all operations of a client away.
func withoutClients(b *attempt) (trials []trial) {
	all := places(&b.result.Program)
	for c := range b.result.Program.Clients {
		var drop []place
		for _, at := range all {
			if at.phase != scenarios.PhaseSetup && at.client == c {
				drop = append(drop, at)
			}
		}
		if len(drop) > 0 {
			trials = append(trials, b.without(drop))
		}
	}
	return trials
}

// withoutProbes takes all probes away, then the whole set-up.
func withoutProbes(b *attempt) (trials []trial) {
	for _, phase := range []scenarios.Phase{scenarios.PhaseProbe, scenarios.PhaseSetup} {
		var drop []place
		for _, at := range places(&b.result.Program) {
			if at.phase == phase {
				drop = append(drop, at)
			}
		}
		if len(drop) > 0 {
			trials = append(trials, b.without(drop))
		}
	}
	return trials
}

// chunks takes away that many operations in a row, from the end on: the last ones are the
// most likely to change nothing.
func (b *attempt) chunks(size int) (trials []trial) {
	all := places(&b.result.Program)
	if size < 1 || size > len(all) {
		return nil
	}
	for end := len(all); end > 0; end -= size {
		trials = append(trials, b.without(all[max(0, end-size):end]))
	}
	return trials
}

func withoutHalves(b *attempt) []trial     { return b.chunks(b.result.Program.Len() / 2) }
func withoutQuarters(b *attempt) []trial   { return b.chunks(b.result.Program.Len() / 4) }
func withoutEighths(b *attempt) []trial    { return b.chunks(b.result.Program.Len() / 8) }
func withoutPairs(b *attempt) []trial      { return b.chunks(2) }
func withoutOperations(b *attempt) []trial { return b.chunks(1) }

// fewOperations is the number up to which any two operations are tried to be left out
// together, and operations to be moved to another client.
const fewOperations = 10

// withoutTwo takes any two operations away: those of which each needs the other.
func withoutTwo(b *attempt) (trials []trial) {
	all := places(&b.result.Program)
	if len(all) > fewOperations {
		return nil
	}
	for j := range all {
		for i := range j {
			trials = append(trials, b.without([]place{all[i], all[j]}))
		}
	}
	return trials
}

// gathered lets one operation write the events of two that are alike but for their number.
func gathered(b *attempt) (trials []trial) {
	all := places(&b.result.Program)
	if len(all) > 2*fewOperations {
		return nil
	}
	for j, second := range all {
		for _, first := range all[:j] {
			one, two := first.op(&b.result.Program), second.op(&b.result.Program)
			if one.Count == 0 || two.Count == 0 || one.Do != two.Do || !slices.Equal(one.Streams, two.Streams) || !slices.Equal(one.Reads, two.Reads) {
				continue
			}
			t := b.without([]place{second})
			first.op(&t.program).Count += two.Count
			trials = append(trials, t)
		}
	}
	return trials
}

// joined lets one client do what two did, one after the other.
func joined(b *attempt) (trials []trial) {
	n := len(b.result.Program.Clients)
	if b.result.Program.Len() > fewOperations || n < 2 {
		return nil
	}
	for i := range n {
		for j := range i {
			to := make([]int, n)
			for c, next := 0, 0; c < n; c++ {
				if to[c] = next; c == i {
					to[c] = j
					continue
				}
				next++
			}
			trials = append(trials, b.renumber(to, n-1))
		}
	}
	return trials
}

// renumbered leaves out clients that have nothing to do. The others' numbers decide what
// they draw, so it may need another schedule.
func renumbered(b *attempt) []trial {
	p := &b.result.Program
	to, clients := make([]int, len(p.Clients)), 0
	for c := range p.Clients {
		if isEmpty(p, c) {
			to[c] = -1
			continue
		}
		to[c] = clients
		clients++
	}
	if clients == len(p.Clients) || clients == 0 {
		return nil
	}
	return atEveryStep(b.renumber(to, clients))
}

// withoutFaults takes faults away: all, halves, each.
func withoutFaults(b *attempt) (trials []trial) {
	n := len(b.result.Faults)
	for size := n; size > 0; size /= 2 {
		for end := n; end > 0; end -= size {
			t := b.trial()
			t.faults = slices.Delete(t.faults, max(0, end-size), end)
			trials = append(trials, t)
		}
	}
	return trials
}

// withoutCrashes takes crashes away: all, each.
func withoutCrashes(b *attempt) (trials []trial) {
	n := len(b.result.Crashes)
	if n > 1 {
		t := b.trial()
		t.crashes = nil
		trials = append(trials, t)
	}
	for i := range n {
		t := b.trial()
		t.crashes = slices.Delete(t.crashes, i, i+1)
		trials = append(trials, t)
	}
	return trials
}

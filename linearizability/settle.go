package linearizability

import "github.com/eventcore-go/eventcore-sim/eventcore"

// settle decides what appends with an unknown outcome did: those of which a read, the
// final one included, saw an event were applied, by the time the first such read
// returned and before the final read began; the others were not, and constrain
// nothing. An event that was seen and is gone later is not "not applied": it counts
// as applied, and no order explains that.
func (l *finalLog) settle() {
	unknown := 0
	for i := range l.ops {
		op := &l.ops[i]
		l.returns[i] = op.Return
		if op.Kind == Append {
			l.applied[i] = op.Outcome == eventcore.OutcomeApplied
			if op.Outcome == eventcore.OutcomeUnknown {
				unknown++
			}
		}
	}
	if unknown == 0 {
		return
	}
	// The call may have taken effect long after it returned its error, but not once
	// the final read had begun.
	start := l.finalStart()
	for i := range l.ops {
		for s := range l.ops[i].Seen {
			n := l.find(l.streamOf(i), &l.ops[i].Seen[s])
			if n < 0 {
				continue
			}
			w := l.sent[n].op
			if l.ops[w].Outcome != eventcore.OutcomeUnknown {
				continue
			}
			if !l.applied[w] {
				l.applied[w], l.returns[w] = true, start-1
			}
			// A read that returned before the append was called is wrong by itself and
			// must not make an interval that ends before it begins.
			if l.ops[i].Return > l.ops[w].Call {
				l.returns[w] = min(l.returns[w], l.ops[i].Return)
			}
		}
	}
}

// finalStart returns the stamp at which the final read began. [usable] has seen that
// the calls of clients come before.
func (l *finalLog) finalStart() int64 {
	for i := range l.ops {
		if l.ops[i].Client == FinalClient {
			return l.ops[i].Call
		}
	}
	return Never
}

package linearizability

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// namer finds out what a component that porcupine rejects looks most like: it leaves
// out calls, or what calls demand, and asks again. Where time runs out it settles for
// less.
type namer struct {
	log     *finalLog
	c       *component
	decider *decider
}

func newNamer(ctx context.Context, l *finalLog, c *component, timeout time.Duration) *namer {
	return &namer{l, c, newDecider(ctx, timeout)}
}

// illegal says whether porcupine rejects calls for certain.
func (n *namer) illegal(ops []porcupine.Operation) bool {
	verdict, _ := n.decider.decide(n.c, ops)
	return verdict == Violation
}

// legal says whether porcupine accepts calls for certain.
func (n *namer) legal(ops []porcupine.Operation) bool {
	verdict, _ := n.decider.decide(n.c, ops)
	return verdict == OK
}

func (n *namer) name() Anomaly {
	ops := n.reduce()
	var found []string
	var proof []int
	place := make(map[*Operation]int, len(n.c.indices))
	for _, i := range n.c.indices {
		place[&n.log.ops[i]] = i
	}
	for _, op := range ops {
		st := op.Input.(*step)
		proof = append(proof, place[st.op])
		if st.effectFree() {
			found = append(found, st.op.String())
		}
	}
	message := fmt.Sprintf("no order of the %d appends on %s explains their results", len(ops)-len(found), n.streams())
	if len(found) > 0 {
		message = fmt.Sprintf("no order of the %d appends on %s explains %s", len(ops)-len(found), n.streams(), strings.Join(found, " and "))
	}
	return Anomaly{Name: n.class(ops), Message: message, Operations: proof}
}

func (n *namer) streams() string {
	var names []string
	for _, s := range n.c.streams {
		names = append(names, fmt.Sprintf("%q", n.log.names[s]))
	}
	return strings.Join(names, ", ")
}

// reduce leaves out calls without effect as long as the rest is rejected: first many
// at once, then fewer. Appends must stay: without one those behind it would be
// rejected for that alone.
func (n *namer) reduce() []porcupine.Operation {
	ops := n.c.ops
	for size := len(ops); size > 0; size /= 2 {
		for from := 0; from < len(ops); {
			rest := without(ops, from, from+size)
			if len(rest) < len(ops) && n.illegal(rest) {
				ops = rest
				continue
			}
			from += size
		}
	}
	return ops
}

// without returns ops but for the calls without effect among those from index from to
// index to.
func without(ops []porcupine.Operation, from, to int) []porcupine.Operation {
	rest := make([]porcupine.Operation, 0, len(ops))
	for i := range ops {
		if i < from || i >= to || !ops[i].Input.(*step).effectFree() {
			rest = append(rest, ops[i])
		}
	}
	return rest
}

// class names what is left.
func (n *namer) class(ops []porcupine.Operation) string {
	reads, reliant := 0, 0
	for i := range ops {
		switch st := ops[i].Input.(*step); {
		case !st.effectFree():
		case st.op.Outcome == eventcore.OutcomeApplied:
			reliant++ // an append without events
		default:
			reads++
		}
	}
	timeless := n.legal(withoutTime(ops))
	switch {
	case timeless && reads > 0:
		return StaleRead
	case reads > 0:
		return NotLinearizable
	case reliant > 0 || timeless && n.legal(withoutReliance(ops)):
		return UncheckedStream
	case timeless:
		return RealTimeInversion
	case n.illegal(withoutTime(ops)):
		return WriteSkew
	default:
		return NotLinearizable
	}
}

// withoutTime lets calls take effect in any order.
func withoutTime(ops []porcupine.Operation) []porcupine.Operation {
	free := append([]porcupine.Operation(nil), ops...)
	for i := range free {
		free[i].Call, free[i].Return = 1, Never
	}
	return free
}

// withoutReliance lets appends expect nothing of streams that they do not write to.
func withoutReliance(ops []porcupine.Operation) []porcupine.Operation {
	free := append([]porcupine.Operation(nil), ops...)
	for i := range free {
		st := *free[i].Input.(*step)
		var written []expectation
		for _, e := range st.expect {
			for _, p := range st.pushes {
				if p.stream == e.stream {
					written = append(written, e)
					break
				}
			}
		}
		if !st.effectFree() {
			st.expect = written
		}
		free[i].Input = &st
	}
	return free
}

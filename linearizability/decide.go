package linearizability

import (
	"context"
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
)

// decider asks porcupine, within one time limit for all that it is asked.
type decider struct {
	ctx      context.Context
	deadline time.Time
	// steps is the number of steps that may succeed in one search. porcupine keeps
	// every state that it has been in; 0: as many as fit into its memory.
	steps int
	// abandoned: porcupine was told to end a search, and may not have heard of it yet.
	abandoned bool
}

func newDecider(ctx context.Context, timeout time.Duration) *decider {
	return &decider{ctx: ctx, deadline: time.Now().Add(timeout)} //nolint:forbidigo // a limit on real work, which no simulated clock measures
}

// component judges a component.
func (d *decider) component(c *component) Verdict {
	// Where narrow leaves no room the graph has a circle; porcupine must say so too.
	narrowed := Unknown
	if ops, room := narrow(c); room {
		if why, _ := d.over(); why == "" && c.witness.explains(len(c.streams), ops) {
			return OK
		}
		if narrowed, _ = d.decide(c, ops); narrowed == OK {
			return OK
		}
	}
	verdict, _ := d.decide(c, c.ops)
	if verdict == Unknown && narrowed == Violation {
		// What narrow demands every order must keep, so there is none.
		return Violation
	}
	return verdict
}

// over says why nothing more is to be decided, "" if there is time left.
func (d *decider) over() (why string, left time.Duration) {
	left = time.Until(d.deadline) //nolint:forbidigo // as above
	if err := d.ctx.Err(); err != nil {
		return fmt.Sprintf("the check was ended: %v", err), left
	}
	if left <= 0 {
		return "porcupine's time was up", left
	}
	return "", left
}

// decide judges calls on the streams of a component. The reason says why the verdict
// is Unknown.
func (d *decider) decide(c *component, ops []porcupine.Operation) (Verdict, string) {
	why, left := d.over()
	if why != "" {
		return Unknown, why
	}
	m := newMachine(d.ctx, len(c.streams), len(ops))
	if d.steps > 0 {
		m.budget = d.steps
	}
	result := porcupine.CheckOperationsTimeout(model(func() *machine { return m }), ops, left)
	switch {
	case result == porcupine.Unknown:
		// It may still be running, so the machine must not be looked at.
		d.abandoned = true
		return Unknown, fmt.Sprintf("porcupine's time was up over %d calls on %d streams", len(ops), len(c.streams))
	case result == porcupine.Ok:
		return OK, ""
	case d.ctx.Err() != nil:
		return Unknown, fmt.Sprintf("the check was ended: %v", d.ctx.Err())
	case m.exhausted:
		return Unknown, fmt.Sprintf("porcupine's memory was up over %d calls on %d streams", len(ops), len(c.streams))
	default:
		return Violation, ""
	}
}

// all judges all components: one violation decides.
func (d *decider) all(components []*component) Verdict {
	verdict := OK
	for _, c := range components {
		switch d.component(c) {
		case Violation:
			return Violation
		case OK:
		default:
			verdict = Unknown
		}
	}
	return verdict
}

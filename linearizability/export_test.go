package linearizability

import (
	"context"
	"time"
)

// Plain and Narrowed are porcupine's verdicts on the real and on the narrowed calls of
// each component, for the comparison of the two.
func Plain(ctx context.Context, h History) []Verdict {
	l, _ := newFinalLog(&h)
	d := newDecider(ctx, time.Minute)
	var all []Verdict
	for _, c := range l.components() {
		verdict, _ := d.decide(c, c.ops)
		all = append(all, verdict)
	}
	return all
}

// Narrowed: see [Plain]. within says that the narrowed intervals lie in the real ones.
func Narrowed(ctx context.Context, h History) (all []Verdict, within bool) {
	l, _ := newFinalLog(&h)
	d := newDecider(ctx, time.Minute)
	within = true
	for _, c := range l.components() {
		verdict := Violation
		ops, room := narrow(c)
		if room {
			verdict, _ = d.decide(c, ops)
		}
		for i := range ops {
			until := c.ops[i].Return
			if until != Never {
				until *= 2
			}
			within = within && ops[i].Call >= 2*c.ops[i].Call && ops[i].Return <= until
		}
		all = append(all, verdict)
	}
	return all, within
}

// WithMemory returns porcupine's verdict on the plain calls of the first component if
// only so many steps may succeed.
func WithMemory(ctx context.Context, h History, steps int) (Verdict, string) {
	l, _ := newFinalLog(&h)
	d := newDecider(ctx, time.Minute)
	d.steps = steps
	c := l.components()[0]
	return d.decide(c, c.ops)
}

// CheckTimeless is Check with a bug planted in the fast checker: it does not look at time.
func CheckTimeless(ctx context.Context, h History) Report {
	l, _ := newFinalLog(&h)
	g := &graph{log: l, global: -1}
	if g.checkStructure() {
		g.build()
		if order := g.sorted(); len(order) < len(l.ops) {
			g.searchCircles(order)
		}
	}
	report := g.report()
	return weigh(&report, newDecider(ctx, time.Minute).all(l.components()))
}

// CheckAccusing is Check with a bug planted in the fast checker: it takes every read of
// nothing for a stale one.
func CheckAccusing(ctx context.Context, h History) Report {
	l, _ := newFinalLog(&h)
	g := &graph{log: l, global: -1}
	for i := range l.ops {
		if op := &l.ops[i]; op.Kind == ReadStream && len(op.Seen) == 0 {
			g.found.add(StaleRead, []int{i}, "%s: nothing", op)
		}
	}
	report := g.report()
	return weigh(&report, newDecider(ctx, time.Minute).all(l.components()))
}

// Porcupine is its verdict alone.
func Porcupine(ctx context.Context, h History, timeout time.Duration) Verdict {
	l, reason := newFinalLog(&h)
	if reason != "" {
		return Unknown
	}
	return newDecider(ctx, timeout).all(l.components())
}

// Guessed says of each component whether the first guess explains it, without porcupine.
func Guessed(h History) []bool {
	l, _ := newFinalLog(&h)
	var all []bool
	for _, c := range l.components() {
		ops, room := narrow(c)
		all = append(all, room && c.witness.explains(len(c.streams), ops))
	}
	return all
}

package sim

import (
	"context"
	"fmt"
)

// Verify carries out a run twice and compares the traces. A difference is the
// verdict [NotDeterministic] with the first differing step of both runs; so is a second
// run that alone has failed. Else the result is that of the first run. Where one of them hung or could not be
// carried out, there is nothing to compare and the result is that one's.
func Verify(ctx context.Context, cfg Config) (*Result, error) {
	var w worker
	defer w.close()
	return w.verify(ctx, cfg)
}

// verify is [Verify].
func (w *worker) verify(ctx context.Context, cfg Config) (*Result, error) {
	first, err := w.run(ctx, cfg)
	if err != nil || first.gaveUp() {
		return first, err
	}
	second, err := w.run(ctx, cfg)
	switch {
	case err != nil && first.Failed():
		return first, nil // the context has ended since
	case err != nil || second.gaveUp():
		return second, err
	}
	w.reuse(second)
	if d := Compare(first.Trace, second.Trace); d != nil {
		first.find(NotDeterministic, Finding{Name: "not deterministic", Message: d.Error()})
	} else if second.Failed() && !first.Failed() {
		first.find(NotDeterministic, Finding{
			Name:    "not deterministic",
			Message: fmt.Sprintf("two runs of one seed took the same steps, and the second one is a %s: %s", second.Verdict, second.Reason),
		})
	}
	return first, nil
}

// gaveUp says whether the run ended without a trace to its end.
func (r *Result) gaveUp() bool { return r.Verdict == Broken || r.Stall != "" }

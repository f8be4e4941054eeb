package sim

import "context"

// Verify carries out a run twice and compares the traces. A difference is the
// verdict [NotDeterministic] with the first differing step of both runs; without
// one, the result is that of the first run. Where one of them hung or could not be
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
	if err != nil || second.gaveUp() {
		return second, err
	}
	w.reuse(second)
	if d := Compare(first.Trace, second.Trace); d != nil {
		first.find(NotDeterministic, Finding{Name: "not deterministic", Message: d.Error()})
	}
	return first, nil
}

// gaveUp says whether the run ended without a trace to its end.
func (r *Result) gaveUp() bool { return r.Verdict == Broken || r.Stall != "" }

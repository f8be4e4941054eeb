package sim

import "context"

// Verify carries out a run twice and compares the traces. A difference is the
// verdict [NotDeterministic] with the first differing step of both runs; without
// one, the result is that of the first run.
func Verify(ctx context.Context, cfg Config) (*Result, error) {
	first, err := Run(ctx, cfg)
	if err != nil {
		return nil, err
	}
	second, err := Run(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if d := Compare(first.Trace, second.Trace); d != nil {
		first.find(NotDeterministic, Finding{Name: "not deterministic", Message: d.Error()})
	}
	return first, nil
}

package fleet

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// Outcome is what came of a range.
type Outcome struct {
	Summary sim.Summary
	// Failures are runs that did not pass, one for each signature.
	Failures []Failure
}

// Failure is runs that did not pass and look alike.
type Failure struct {
	// Kind is what they have in common before one of them is shrunk, in any words.
	Kind string
	// Signature is set where the kind was known: runs of it were shrunk before. Then there is
	// no File and no Reason.
	Signature string
	// File shows one of them.
	File seedfile.File
	// Reason is what was wrong with it.
	Reason string
	// Found is how many there were.
	Found int
}

// Carry carries out a range. known has the signature of each kind of failure that the
// campaign has met already. Where it returns an error, the range is tried again later.
type Carry func(ctx context.Context, spec Spec, r Range, known map[string]string) (Outcome, error)

// report records what came of a range as a part of tx. It says whether the range had not been
// reported before; if it had, nothing is recorded.
func report(ctx context.Context, tx pgx.Tx, r Range, o *Outcome) (first bool, err error) {
	tag, err := tx.Exec(ctx, "UPDATE simrun_ranges SET reported = now(), error = NULL WHERE campaign = $1 AND number = $2 AND reported IS NULL", r.Campaign, r.Number)
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	for _, w := range o.Summary.Ran() {
		of := o.Summary.Workloads[w]
		c := &of.Coverage
		faults := make(map[string]int)
		for kind, n := range c.Faults {
			faults[kind.String()] = n.Fired
		}
		fired, err := json.Marshal(faults)
		if err != nil {
			return false, err
		}
		_, err = tx.Exec(ctx, `INSERT INTO simrun_results (campaign, number, backend, scenario, runs, failed, calls, applied, conflicts, unknown, overlap,
			crashes, again, again_due, restarts, restarts_again, restarts_again_due, faults)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`, r.Campaign, r.Number,
			w.Backend, w.Scenario, of.Runs, of.Failed, c.Calls, c.Applied, c.Conflicts, c.Unknown, c.Overlaps,
			c.Crashes, c.Again, c.AgainDue, c.Restarts, c.RestartsAgain, c.RestartsAgainDue, fired)
		if err != nil {
			return false, err
		}
	}
	for i := range o.Failures {
		if err := o.Failures[i].record(ctx, tx, r.Campaign); err != nil {
			return false, err
		}
	}
	return true, nil
}

// record adds a failure to those of its signature.
func (f *Failure) record(ctx context.Context, tx pgx.Tx, campaign int64) error {
	if f.Signature != "" {
		_, err := tx.Exec(ctx, "UPDATE simrun_failures SET found = found + $3 WHERE campaign = $1 AND signature = $2", campaign, f.Signature, f.Found)
		return err
	}
	text, err := f.File.Format()
	if err != nil {
		return err
	}
	signature := f.File.Signature()
	_, err = tx.Exec(ctx, `INSERT INTO simrun_failures AS f VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (campaign, signature) DO UPDATE SET found = f.found + excluded.found`,
		campaign, signature, int64(f.File.Seed), f.File.Scenario, f.Reason, string(text), f.Found) //nolint:gosec // the same bits come back
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO simrun_kinds VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", campaign, f.Kind, signature)
	return err
}

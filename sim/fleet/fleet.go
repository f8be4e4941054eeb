// Package fleet shares the seeds of a campaign out over any number of workers on any number
// of machines that reach one PostgreSQL database. A campaign is cut into ranges of seeds;
// each is a job of River (riverqueue/river), a queue in that database.
//
// A worker reports what came of a range, its failures and the end of the job in one
// transaction, and a range that was reported is not reported again: each seed counts once,
// however often a worker dies. Failures are kept once for each signature of package
// seedfile, with the seed file of the first.
//
// A worker says every so often that it is alive. The range of one that has not for a while
// is put into the queue again by any other. River would do so too, but only after an hour:
// it does not know whether a worker is alive. Its job then finds that all is reported.
package fleet

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed schema.sql
var schema string

// lockSchema makes programs that start at once take turns.
const (
	lockSchema   = "SELECT pg_advisory_lock(5128821938840721)"
	unlockSchema = "SELECT pg_advisory_unlock(5128821938840721)"
)

// ErrUnknownCampaign is what errors.Is finds where there is no such campaign.
var ErrUnknownCampaign = errors.New("there is no such campaign")

// Fleet is the campaigns of a database. It is safe for concurrent use.
type Fleet struct{ pool *pgxpool.Pool }

// Open opens a database, and makes the tables of this package and of River in it if there
// are none, for which its role must be allowed to. The caller closes the fleet.
func Open(ctx context.Context, dsn string) (*Fleet, error) {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	f := &Fleet{pool}
	if err := f.migrate(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("fleet: %w", err)
	}
	return f, nil
}

// Close closes all connections.
func (f *Fleet) Close() { f.pool.Close() }

func (f *Fleet) migrate(ctx context.Context) (err error) {
	conn, err := f.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, lockSchema); err != nil {
		return err
	}
	defer func() {
		_, failed := conn.Exec(context.WithoutCancel(ctx), unlockSchema)
		err = errors.Join(err, failed)
	}()
	migrator, err := rivermigrate.New(riverpgxv5.New(f.pool), nil)
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("make the tables of River: %w", err)
	}
	if _, err := conn.Exec(ctx, schema); err != nil {
		return fmt.Errorf("make the tables: %w", err)
	}
	return nil
}

// Spec is what a campaign runs. The words are those of simrun run; empty ones stand for its
// defaults.
type Spec struct {
	Backends  []string `json:"backends,omitempty"`
	Scenarios []string `json:"scenarios,omitempty"`
	Scheduler string   `json:"scheduler,omitempty"`
	Faults    string   `json:"faults,omitempty"`
	Mutant    string   `json:"mutant,omitempty"`
	// First is the first seed, Seeds the number of them for each scenario, and Size how many
	// make a range.
	First uint64 `json:"first"`
	Seeds uint64 `json:"seeds"`
	Size  uint64 `json:"size"`
	// Version is that of the harness: another one may make other runs of a seed.
	Version string `json:"version"`
}

// Range is a part of the seeds of a campaign.
type Range struct {
	Campaign int64
	// Number counts from 0 on.
	Number int
	// First is the first seed, Seeds the number of them.
	First, Seeds uint64
}

// ranges cuts a campaign.
func (s *Spec) ranges(campaign int64) (all []Range) {
	for done := uint64(0); done < s.Seeds; done += s.Size {
		all = append(all, Range{campaign, len(all), s.First + done, min(s.Size, s.Seeds-done)})
	}
	return all
}

// job is a range as River knows it.
type job struct {
	Campaign int64 `json:"campaign"`
	Number   int   `json:"number"`
}

// Kind implements [river.JobArgs].
func (job) Kind() string { return "simrun_range" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (job) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queue, MaxAttempts: attempts}
}

const (
	queue = "simrun"
	// attempts is how often a range is tried whose worker reports an error.
	attempts = 5
)

// Submit makes a campaign and puts its ranges into the queue.
func (f *Fleet) Submit(ctx context.Context, spec Spec) (campaign int64, err error) {
	if spec.Seeds == 0 || spec.Size == 0 {
		return 0, fmt.Errorf("fleet: submit %d seeds in ranges of %d: give at least 1 of each", spec.Seeds, spec.Size)
	}
	client, err := river.NewClient(riverpgxv5.New(f.pool), &river.Config{})
	if err != nil {
		return 0, fmt.Errorf("fleet: %w", err)
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return 0, fmt.Errorf("fleet: %w", err)
	}
	err = pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "INSERT INTO simrun_campaigns (spec) VALUES ($1) RETURNING campaign", text).Scan(&campaign); err != nil {
			return err
		}
		all := spec.ranges(campaign)
		rows := pgx.CopyFromSlice(len(all), func(i int) ([]any, error) {
			r := all[i]
			return []any{r.Campaign, r.Number, int64(r.First), int64(r.Seeds)}, nil //nolint:gosec // the same bits come back
		})
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"simrun_ranges"}, []string{"campaign", "number", "first", "seeds"}, rows); err != nil {
			return err
		}
		jobs := make([]river.InsertManyParams, len(all))
		for i, r := range all {
			jobs[i].Args = job{r.Campaign, r.Number}
		}
		_, err := client.InsertManyFastTx(ctx, tx, jobs)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("fleet: submit: %w", err)
	}
	return campaign, nil
}

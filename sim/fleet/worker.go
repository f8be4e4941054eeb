package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// WorkerConfig configures a worker.
type WorkerConfig struct {
	// Name tells the worker from all others that there are and were. It must be given.
	Name string
	// Ranges is how many ranges are under way at once. 0: 1.
	Ranges int
	// Beat is how often the worker says that it is alive. 0: 5 s.
	Beat time.Duration
	// Lost is after what time without that a worker counts as lost. 0: six beats.
	Lost time.Duration
	// Drain ends the worker once all ranges of all campaigns are reported or have failed for good.
	Drain bool
	// Log gets what goes wrong; nil: nothing is logged.
	Log *slog.Logger
	// Done is called with each range that this worker has reported; nil: not. Calls may overlap.
	Done func(Range)
}

func (c WorkerConfig) filled() (WorkerConfig, error) {
	if c.Name == "" {
		return c, errors.New("fleet: work: the worker has no name")
	}
	if c.Ranges == 0 {
		c.Ranges = 1
	}
	if c.Beat == 0 {
		c.Beat = 5 * time.Second
	}
	if c.Lost == 0 {
		c.Lost = 6 * c.Beat
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return c, nil
}

// worker is a worker of River.
type worker struct {
	river.WorkerDefaults[job]
	fleet  *Fleet
	cfg    WorkerConfig
	carry  Carry
	client *river.Client[pgx.Tx]
}

// Timeout implements [river.Worker]: a range takes as long as it takes.
func (w *worker) Timeout(*river.Job[job]) time.Duration { return -1 }

// Work carries out ranges until ctx is cancelled, which is no error: what is under way is
// broken off and goes back into the queue. With Drain it ends when there is nothing left.
func (f *Fleet) Work(ctx context.Context, cfg WorkerConfig, carry Carry) error {
	cfg, err := cfg.filled()
	if err != nil {
		return err
	}
	w := &worker{fleet: f, cfg: cfg, carry: carry}
	workers := river.NewWorkers()
	river.AddWorker(workers, w)
	w.client, err = river.NewClient(riverpgxv5.New(f.pool), &river.Config{
		Queues: map[string]river.QueueConfig{queue: {MaxWorkers: cfg.Ranges}}, Workers: workers, ID: cfg.Name,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), // errors of ranges are in the database
	})
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	if err := w.beat(ctx); err != nil {
		return fmt.Errorf("fleet: work: %w", err)
	}
	if err := w.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("fleet: work: %w", err)
	}
	failed := w.live(ctx)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.Lost)
	defer cancel()
	if err := errors.Join(failed, w.client.StopAndCancel(stop), w.goAway(stop)); err != nil {
		return fmt.Errorf("fleet: work: %w", err)
	}
	return nil
}

// live says that the worker is alive until ctx ends or nothing is left.
func (w *worker) live(ctx context.Context) error {
	beats := time.NewTicker(w.cfg.Beat) //nolint:forbidigo // workers live in real time
	defer beats.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beats.C:
		}
		// The database may be away for a while.
		if err := w.beat(ctx); err != nil && ctx.Err() == nil {
			w.cfg.Log.Warn("fleet: cannot say that this worker is alive", "error", err)
			continue
		}
		if !w.cfg.Drain {
			continue
		}
		var left bool
		err := w.fleet.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM simrun_ranges WHERE reported IS NULL AND error IS NULL)").Scan(&left)
		if err == nil && !left {
			return nil
		}
	}
}

// beat says that the worker is alive, and puts the ranges of others who are not back into
// the queue.
func (w *worker) beat(ctx context.Context) error {
	return pgx.BeginFunc(ctx, w.fleet.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO simrun_workers (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET seen = now()", w.cfg.Name)
		if err != nil {
			return err
		}
		lost, err := w.lost(ctx, tx)
		if err != nil {
			return err
		}
		var jobs []river.InsertManyParams
		for _, args := range lost {
			tag, err := tx.Exec(ctx, "UPDATE simrun_ranges SET worker = NULL WHERE campaign = $1 AND number = $2 AND reported IS NULL", args.Campaign, args.Number)
			if err != nil {
				return err
			}
			if tag.RowsAffected() > 0 {
				jobs = append(jobs, river.InsertManyParams{Args: args})
			}
		}
		if len(jobs) > 0 {
			_, err = w.client.InsertManyTx(ctx, tx, jobs)
		}
		return err
	})
}

// lost returns the jobs that run on workers who are not alive, each once: of several
// workers who see it, one notes it.
func (w *worker) lost(ctx context.Context, tx pgx.Tx) ([]job, error) {
	rows, err := tx.Query(ctx, `WITH noted AS (
		INSERT INTO simrun_lost SELECT id FROM river_job AS j WHERE kind = $1 AND state = 'running'
		  AND NOT EXISTS (SELECT FROM simrun_workers AS w WHERE w.name = j.attempted_by[array_length(j.attempted_by, 1)] AND w.seen > now() - $2::interval)
		ON CONFLICT DO NOTHING RETURNING job)
		SELECT (args->>'campaign')::bigint, (args->>'number')::integer FROM noted JOIN river_job ON id = job`, job{}.Kind(), w.cfg.Lost)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[job])
}

// goAway gives up what the worker has taken: its jobs are back in the queue by themselves.
func (w *worker) goAway(ctx context.Context) error {
	_, err := w.fleet.pool.Exec(ctx, "UPDATE simrun_ranges SET worker = NULL WHERE worker = $1 AND reported IS NULL", w.cfg.Name)
	return err
}

// Work implements [river.Worker].
func (w *worker) Work(ctx context.Context, j *river.Job[job]) error {
	r := Range{Campaign: j.Args.Campaign, Number: j.Args.Number}
	spec, found, err := w.take(ctx, &r)
	if err != nil {
		return err
	}
	var outcome Outcome
	if found {
		known, err := w.fleet.kinds(ctx, r.Campaign)
		if err != nil {
			return err
		}
		outcome, err = w.carry(ctx, spec, r, known)
		if ctx.Err() != nil {
			return river.JobSnooze(0) // the worker ends: nothing is wrong with the range
		}
		if err != nil {
			return errors.Join(err, w.failed(ctx, j, r, err))
		}
	}
	reported := false
	err = pgx.BeginFunc(ctx, w.fleet.pool, func(tx pgx.Tx) (err error) {
		if found {
			if reported, err = report(ctx, tx, r, &outcome); err != nil {
				return err
			}
		}
		_, err = river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, j)
		return err
	})
	if err == nil && reported && w.cfg.Done != nil {
		w.cfg.Done(r)
	}
	return err
}

// take notes who works on a range. It finds none that is reported, or gone with its campaign.
func (w *worker) take(ctx context.Context, r *Range) (spec Spec, found bool, err error) {
	var text []byte
	var first, seeds int64
	err = w.fleet.pool.QueryRow(ctx, `UPDATE simrun_ranges AS r SET worker = $3, taken = taken + 1 FROM simrun_campaigns AS c
		WHERE r.campaign = $1 AND r.number = $2 AND r.reported IS NULL AND c.campaign = r.campaign RETURNING c.spec, r.first, r.seeds`,
		r.Campaign, r.Number, w.cfg.Name).Scan(&text, &first, &seeds)
	if errors.Is(err, pgx.ErrNoRows) {
		return spec, false, nil
	}
	if err != nil {
		return spec, false, err
	}
	r.First, r.Seeds = uint64(first), uint64(seeds) //nolint:gosec // they were
	return spec, true, json.Unmarshal(text, &spec)
}

// kinds returns the signatures that failures have by their kinds.
func (f *Fleet) kinds(ctx context.Context, campaign int64) (map[string]string, error) {
	rows, err := f.pool.Query(ctx, "SELECT kind, signature FROM simrun_kinds WHERE campaign = $1", campaign)
	if err != nil {
		return nil, err
	}
	known := make(map[string]string)
	var kind, signature string
	_, err = pgx.ForEachRow(rows, []any{&kind, &signature}, func() error {
		known[kind] = signature
		return nil
	})
	return known, err
}

// failed gives a range up that could not be carried out. The last time it is noted why.
func (w *worker) failed(ctx context.Context, j *river.Job[job], r Range, why error) error {
	var text *string
	if j.Attempt >= j.MaxAttempts {
		text = new(why.Error())
	}
	_, err := w.fleet.pool.Exec(ctx, "UPDATE simrun_ranges SET worker = NULL, error = $3 WHERE campaign = $1 AND number = $2 AND reported IS NULL",
		r.Campaign, r.Number, text)
	return err
}

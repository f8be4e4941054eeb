package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// Status is how far a campaign has come.
type Status struct {
	Campaign int64 `json:"campaign"`
	Spec     Spec  `json:"spec"`
	// Ranges are all, of which Reported are done, Running are taken by a worker and Broken
	// could not be carried out, for the reasons in Errors.
	Ranges   int      `json:"ranges"`
	Reported int      `json:"reported"`
	Running  int      `json:"running"`
	Broken   int      `json:"broken"`
	Errors   []string `json:"errors"`
	// Seeds are those of the ranges that are reported.
	Seeds uint64 `json:"seeds"`
	// Again is how often a range was taken again.
	Again int `json:"again"`
	// Workers is how many have been alive within the last minute.
	Workers int `json:"workers"`
	// PerMinute is how many runs were reported within the last minute.
	PerMinute int64          `json:"runs_per_minute"`
	Since     time.Time      `json:"since"`
	Workloads []Workload     `json:"workloads"`
	Faults    map[string]int `json:"faults"`
	Failures  []Found        `json:"failures"`
}

// Workload is the sums of a scenario on a backend.
type Workload struct {
	Backend   string `json:"backend"`
	Scenario  string `json:"scenario"`
	Runs      int64  `json:"runs"`
	Failed    int64  `json:"failed"`
	Calls     int64  `json:"calls"`
	Applied   int64  `json:"applied"`
	Conflicts int64  `json:"conflicts"`
	Unknown   int64  `json:"unknown"`
	Overlaps  int64  `json:"overlaps"`
	// Crashes are those of the store, Restarts those of its server. Again and RestartsAgain count
	// those of them that came in the middle of a recovery, AgainDue and RestartsAgainDue how many
	// were to; what older workers have reported counts as none.
	Crashes          int64 `json:"crashes"`
	Again            int64 `json:"crashes_again"`
	AgainDue         int64 `json:"crashes_again_due"`
	Restarts         int64 `json:"server_crashes"`
	RestartsAgain    int64 `json:"server_crashes_again"`
	RestartsAgainDue int64 `json:"server_crashes_again_due"`
}

// Found is the failures of one signature.
type Found struct {
	Signature string `json:"signature"`
	Scenario  string `json:"scenario"`
	Seed      uint64 `json:"seed"`
	Reason    string `json:"reason"`
	Found     int64  `json:"found"`
	// File is the seed file of the one that was reported first, with its scenario, seed and
	// reason.
	File seedfile.File `json:"-"`
}

// Complete says that every range is reported.
func (s *Status) Complete() bool { return s.Reported == s.Ranges }

// Latest returns the number of the campaign that was submitted last.
func (f *Fleet) Latest(ctx context.Context) (campaign int64, err error) {
	err = f.pool.QueryRow(ctx, "SELECT campaign FROM simrun_campaigns ORDER BY campaign DESC LIMIT 1").Scan(&campaign)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrUnknownCampaign
	}
	if err != nil {
		return 0, fmt.Errorf("fleet: latest campaign: %w", err)
	}
	return campaign, nil
}

// Status returns how far a campaign has come, as it stood at one moment.
func (f *Fleet) Status(ctx context.Context, campaign int64) (s Status, err error) {
	s = Status{Campaign: campaign, Faults: make(map[string]int)}
	err = pgx.BeginTxFunc(ctx, f.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		for _, part := range []func(context.Context, pgx.Tx) error{s.progress, s.sums, s.faults, s.failures} {
			if err := part(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Status{}, fmt.Errorf("fleet: status of campaign %d: %w", campaign, err)
	}
	return s, nil
}

func (s *Status) progress(ctx context.Context, tx pgx.Tx) error {
	var text []byte
	var seeds int64
	err := tx.QueryRow(ctx, `SELECT c.spec, c.submitted, count(*), count(*) FILTER (WHERE reported IS NOT NULL),
		count(*) FILTER (WHERE reported IS NULL AND worker IS NOT NULL), count(*) FILTER (WHERE error IS NOT NULL),
		coalesce(sum(seeds) FILTER (WHERE reported IS NOT NULL), 0)::bigint, coalesce(sum(greatest(taken - 1, 0)), 0)::int,
		(SELECT count(*) FROM simrun_workers WHERE seen > now() - interval '1 minute'),
		(SELECT coalesce(sum(runs), 0)::bigint FROM simrun_results JOIN simrun_ranges USING (campaign, number)
		  WHERE campaign = $1 AND reported > now() - interval '1 minute'),
		(SELECT coalesce(array_agg(DISTINCT error ORDER BY error), '{}') FROM simrun_ranges WHERE campaign = $1 AND error IS NOT NULL)
		FROM simrun_campaigns AS c JOIN simrun_ranges USING (campaign) WHERE campaign = $1 GROUP BY c.campaign`, s.Campaign).
		Scan(&text, &s.Since, &s.Ranges, &s.Reported, &s.Running, &s.Broken, &seeds, &s.Again, &s.Workers, &s.PerMinute, &s.Errors)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrUnknownCampaign
	}
	if err != nil {
		return err
	}
	s.Seeds = uint64(seeds) //nolint:gosec // it was
	return json.Unmarshal(text, &s.Spec)
}

func (s *Status) sums(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `SELECT backend, scenario, sum(runs)::bigint, sum(failed)::bigint, sum(calls)::bigint, sum(applied)::bigint,
		sum(conflicts)::bigint, sum(unknown)::bigint, sum(overlap)::bigint, sum(crashes)::bigint,
		sum(again)::bigint, sum(again_due)::bigint, sum(restarts)::bigint, sum(restarts_again)::bigint, sum(restarts_again_due)::bigint
		FROM simrun_results WHERE campaign = $1 GROUP BY backend, scenario ORDER BY backend, scenario`, s.Campaign)
	if err != nil {
		return err
	}
	s.Workloads, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Workload])
	return err
}

func (s *Status) faults(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `SELECT key, sum(value::bigint)::bigint FROM simrun_results, jsonb_each_text(faults) WHERE campaign = $1 GROUP BY key`, s.Campaign)
	if err != nil {
		return err
	}
	var kind string
	var fired int
	_, err = pgx.ForEachRow(rows, []any{&kind, &fired}, func() error {
		s.Faults[kind] = fired
		return nil
	})
	return err
}

func (s *Status) failures(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `SELECT signature, scenario, seed, reason, found, file FROM simrun_failures WHERE campaign = $1 ORDER BY signature`, s.Campaign)
	if err != nil {
		return err
	}
	s.Failures, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (f Found, err error) {
		var text string
		var seed int64
		if err := row.Scan(&f.Signature, &f.Scenario, &seed, &f.Reason, &f.Found, &text); err != nil {
			return f, err
		}
		f.Seed = uint64(seed) //nolint:gosec // it was
		f.File, err = seedfile.Parse([]byte(text))
		return f, err
	})
	return err
}

package pgstep

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const (
	// findEnds finds the sessions of an application for which none of the others waits, or all
	// where each of them waits for another.
	findEnds = `
WITH ours AS MATERIALIZED (
    SELECT pid, pg_blocking_pids(pid) AS waits FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid() AND pid <> ALL ($2)
), ends AS (
    SELECT pid FROM ours WHERE NOT EXISTS (SELECT FROM ours AS other WHERE other.pid <> ours.pid AND ours.pid = ANY(other.waits))
)
SELECT pid FROM ends UNION ALL SELECT pid FROM ours WHERE NOT EXISTS (SELECT FROM ends) ORDER BY pid`

	endSession = "SELECT pg_terminate_backend($1, 10000)"
)

// Kill ends all sessions that the server knows by that application_name, and returns once they
// have ended. It is for the function Kill of a sim.Backend, which calls Reset of its pool after
// it. Those that wait for others are ended before them: a statement that is given the lock of
// a session which was ended first is carried out, or is not, as the server is fast.
func (s *Steps) Kill(ctx context.Context, application string) error {
	for {
		pids, err := s.ends(ctx, application)
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			if err := errors.Join(s.ask(ctx, endSession, pid, new(bool)), s.ended(uint32(pid))); err != nil { //nolint:gosec // process IDs are positive
				return fmt.Errorf("pgstep: end session %d of %q: %w", pid, application, err)
			}
		}
	}
}

// ends returns the sessions that may be ended next.
func (s *Steps) ends(ctx context.Context, application string) (pids []int32, err error) {
	// The server may have been started again: no connection is what it was.
	for range 2 {
		var rows pgx.Rows
		if rows, err = s.control.Query(ctx, findEnds, application, s.spare.processes()); err == nil {
			if pids, err = pgx.CollectRows(rows, pgx.RowTo[int32]); err == nil {
				return pids, nil
			}
		}
		s.control.Reset()
	}
	return nil, fmt.Errorf("pgstep: sessions of %q: %w", application, err)
}

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

// groupPatience is how long an append waits for one that the server does not answer.
const groupPatience = time.Second

// newGroups returns the queue of the appends that wait for each other.
func newGroups(cfg Config) *groupcommit.Queue[*pending] {
	return groupcommit.New[*pending](groupcommit.Config{
		Name: "postgres: append", Calls: cfg.MaxGroup, Size: groupcommit.MostBytes, Patience: groupPatience,
	})
}

// pending is an append of events on its way.
type pending struct {
	writes *eventcore.Writes
	now    time.Time
	found  outcome
	err    error
	// ended: the context of one of its group has ended, perhaps that of another.
	ended bool
}

// Size implements [groupcommit.Call].
func (p *pending) Size() int { return groupcommit.SizeOf(p.writes) }

// together carries out an append, with others that wait.
func (s *Store) together(ctx context.Context, own *pending) error {
	return s.groups.Do(ctx, own, func(take func() (context.Context, []*pending)) (again bool) {
		conn, err := s.acquire(ctx)
		if err != nil {
			own.err = notApplied(err)
			return false
		}
		defer conn.Release()
		ctx, group := take()
		err = insert(ctx, conn, group)
		if err != nil && len(group) > 1 && cameToNothing(err) {
			return true
		}
		for _, p := range group {
			if p.err = nil; err != nil {
				p.err, p.ended = failed(ctx, p.writes, err), ctx.Err() != nil
			}
		}
		return false
	})
}

// insert locks the head and then, for one append after the other, checks its participants and
// inserts its events, in one round trip and one transaction: that of the statements between
// two Sync messages. One that finds a conflict inserts nothing, and the others are
// not concerned: each sees what those before it have inserted.
func insert(ctx context.Context, conn *pgxpool.Conn, group []*pending) error {
	var batch pgx.Batch
	batch.Queue(lockHead)
	for _, p := range group {
		query, args := insertStatement(p.writes, p.now)
		batch.Queue(query, args...)
	}
	results := conn.SendBatch(ctx, &batch)
	_, err := results.Exec()
	for i := 0; i < len(group) && err == nil; i++ {
		found := &group[i].found
		err = results.QueryRow().Scan(&found.before, &found.nr, &found.actual)
	}
	// The commit's result comes last. An error before it is the better explanation.
	if closed := results.Close(); err == nil {
		err = closed
	}
	return err
}

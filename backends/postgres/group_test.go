package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// result is what an append came to.
type result struct {
	eventcore.Appended
	err error
}

// others is the number of appends that wait behind the first.
const others = 7

// waits has an append to the stream "first" wait for the head, which is locked from outside.
func waits(t *testing.T, dsn string, s *postgres.Store) <-chan error {
	t.Helper()
	first := make(chan error, 1)
	w := batch(t, 0, 1, eventcore.MustStreamID("first"))
	go func() {
		_, err := s.Append(t.Context(), w)
		first <- err
	}()
	wait(t, dsn, 1)
	return first
}

// grouped appends an event to the stream "first", and while that waits for the head, which is
// locked from outside, one to each of others. writes makes those. between is called when all
// wait for the head, as two groups; then the lock is released. It returns what came of the
// others.
func grouped(t *testing.T, writes func(i int) (context.Context, eventcore.Writes), between func(dsn string, results []chan result)) (*postgres.Store, []result) {
	t.Helper()
	dsn, s, release := locked(t)
	run(t, connectTo(t, dsn), `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.stream_id = 'poison' THEN RAISE EXCEPTION 'planted'; END IF; RETURN NEW; END $$`)
	run(t, connectTo(t, dsn), "CREATE TRIGGER fail BEFORE INSERT ON eventcore_events FOR EACH ROW EXECUTE FUNCTION fail()")
	first := waits(t, dsn, s)
	results, all := make([]chan result, others), newGathering(others)
	for i := range results {
		results[i] = make(chan result, 1)
		ctx, w := writes(i)
		go func() {
			done, err := s.Append(all.one(ctx), w)
			results[i] <- result{done, err}
		}()
	}
	// They lose patience and go on together, and wait for the head in the server.
	wait(t, dsn, 2)
	between(dsn, results)
	release()
	require.NoError(t, <-first)
	found := make([]result, others)
	for i := range found {
		found[i] = <-results[i]
	}
	return s, found
}

func stream7(i int) eventcore.StreamID { return eventcore.MustStreamID(fmt.Sprint("s", i)) }

func TestAppendsThatWaitAreCommittedTogether(t *testing.T) {
	s, found := grouped(t, func(i int) (context.Context, eventcore.Writes) {
		return t.Context(), batch(t, 0, 1+i, stream7(i))
	}, func(dsn string, _ []chan result) {
		require.Len(t, waiting(t, dsn), 2, "seven appends wait as one")
	})
	var positions []uint64
	for i, r := range found {
		require.NoError(t, r.err)
		require.Equal(t, []eventcore.StreamVersion{{Stream: stream7(i), Version: eventcore.Version(1 + i)}}, r.Streams)
		read := stream(t, s, stream7(i))
		require.Len(t, read, 1+i)
		require.Equal(t, read[i].Position, r.Last)
		_, at := r.Last.Parts()
		positions = append(positions, at)
	}
	slices.Sort(positions)
	require.Len(t, slices.Compact(positions), others)
	require.Len(t, global(t, s), 1+7*8/2)
}

func TestAConflictInAGroupIsThatOfOneAppend(t *testing.T) {
	one := eventcore.MustStreamID("one")
	s, found := grouped(t, func(i int) (context.Context, eventcore.Writes) {
		if i%2 == 0 {
			return t.Context(), batch(t, 0, 1, one)
		}
		return t.Context(), batch(t, 0, 1, stream7(i))
	}, func(string, []chan result) {})
	applied := 0
	for i, r := range found {
		if i%2 == 0 && r.err != nil {
			require.Equal(t, &eventcore.VersionConflict{Stream: one, Expected: 0, Actual: 1}, r.err)
			continue
		}
		require.NoError(t, r.err)
		applied += 1 - i%2
	}
	require.Equal(t, 1, applied)
	require.Len(t, stream(t, s, one), 1)
	require.Equal(t, []uint64{1, 2, 3, 4, 5}, global(t, s), "positions have no gaps")
}

func TestAnAppendThatTheServerRefusesHarmsNoneOfItsGroup(t *testing.T) {
	s, found := grouped(t, func(i int) (context.Context, eventcore.Writes) {
		if i == 3 {
			return t.Context(), batch(t, 0, 1, eventcore.MustStreamID("poison"))
		}
		return t.Context(), batch(t, 0, 1, stream7(i))
	}, func(string, []chan result) {})
	for i, r := range found {
		if i == 3 {
			require.ErrorContains(t, r.err, "planted")
			require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(r.err))
			continue
		}
		require.NoError(t, r.err)
	}
	require.Equal(t, []uint64{1, 2, 3, 4, 5, 6, 7}, global(t, s))
}

func TestAContextThatEndsHarmsNoneOfItsGroup(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	s, found := grouped(t, func(i int) (context.Context, eventcore.Writes) {
		if i == 3 {
			return ctx, batch(t, 0, 1, stream7(i))
		}
		return t.Context(), batch(t, 0, 1, stream7(i))
	}, func(_ string, results []chan result) {
		cancel(errors.New("planted"))
		// Else the lock might be had before the server is asked to cancel.
		require.Eventually(t, func() bool { return len(results[3]) == 1 }, 10*time.Second, time.Millisecond)
	})
	for i, r := range found {
		if i == 3 {
			require.ErrorIs(t, r.err, context.Canceled)
			require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(r.err))
			continue
		}
		require.NoError(t, r.err)
	}
	require.Equal(t, []uint64{1, 2, 3, 4, 5, 6, 7}, global(t, s))
}

func TestAConnectionThatIsLostLeavesItsGroupUnknown(t *testing.T) {
	s, found := grouped(t, func(i int) (context.Context, eventcore.Writes) {
		return t.Context(), batch(t, 0, 1, stream7(i))
	}, func(dsn string, results []chan result) {
		run(t, connectTo(t, dsn), `SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity
			WHERE wait_event_type = 'Lock' AND query LIKE '%eventcore_head%' ORDER BY query_start DESC LIMIT 1) AS last`)
		require.Eventually(t, func() bool { return len(results[0]) == 1 }, 10*time.Second, time.Millisecond)
	})
	for _, r := range found {
		require.ErrorContains(t, r.err, "57P01")
		require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(r.err))
	}
	require.Equal(t, []uint64{1}, global(t, s))
}

// TestAppendsOverAPoolOfTheCallersAreSentByThemselves: it may cut a connection whose context ends.
func TestAppendsOverAPoolOfTheCallersAreSentByThemselves(t *testing.T) {
	dsn, _, release := locked(t)
	_, _, s := wired(t, dsn, 4)
	results := make(chan error, 3)
	for i := range cap(results) {
		w := batch(t, 0, 1, stream7(i))
		go func() {
			_, err := s.Append(t.Context(), w)
			results <- err
		}()
	}
	wait(t, dsn, 3)
	release()
	for range cap(results) {
		require.NoError(t, <-results)
	}
}

// TestAContextThatEndsIsNotSaidToBeThatOfOthers has a pool that cuts the connection.
func TestAContextThatEndsIsNotSaidToBeThatOfOthers(t *testing.T) {
	dsn, _, release := locked(t)
	pool, err := pgxpool.New(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s, err := postgres.New(t.Context(), pool, postgres.Config{MaxGroup: 64})
	require.NoError(t, err)
	first := waits(t, dsn, s)
	ctx, cancel := context.WithCancel(t.Context())
	results, all := make([]chan error, others), newGathering(others)
	for i := range results {
		results[i] = make(chan error, 1)
		of, w := t.Context(), batch(t, 0, 1, stream7(i))
		if i == 3 {
			of = ctx
		}
		go func() {
			_, err := s.Append(all.one(of), w)
			results[i] <- err
		}()
	}
	wait(t, dsn, 2)
	cancel()
	require.ErrorIs(t, <-results[3], context.Canceled)
	release()
	require.NoError(t, <-first)
	for i := range results {
		if i == 3 {
			continue
		}
		err := <-results[i]
		require.Equal(t, eventcore.OutcomeUnknown, eventcore.OutcomeOf(err))
		require.NotErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "sent together with it")
	}
}

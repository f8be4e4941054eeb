package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestPagesJoinWithoutASeam(t *testing.T) {
	s := open(t, server.DSN(t), postgres.Config{})
	// The first page has 64 events, the next 128, and so on up to 2048.
	for _, n := range []int{0, 1, 63, 64, 65, 191, 192, 193, 448, 449, 5000} {
		id, other := eventcore.MustStreamID(fmt.Sprintf("s-%d", n)), eventcore.MustStreamID(fmt.Sprintf("t-%d", n))
		var w eventcore.Writes
		require.NoError(t, w.Expect(id, 0))
		require.NoError(t, w.Expect(other, 0))
		for i := range n {
			require.NoError(t, w.Append(id, proposed("x", fmt.Sprint(i))))
			require.NoError(t, w.Append(other, proposed("y", fmt.Sprint(i))))
		}
		_, err := s.Append(t.Context(), w)
		require.NoError(t, err)
		got := stream(t, s, id)
		require.Len(t, got, n)
		for i := range got {
			require.Equal(t, eventcore.Version(i+1), got[i].Version)
			require.Equal(t, fmt.Sprint(i), string(got[i].Data))
		}
		for _, limit := range []int{0, 1, 63, 64, 65, 300} {
			want := n
			if limit > 0 {
				want = min(n, limit)
			}
			filter := eventcore.Filter{Prefix: prefix(t, id.String()), Pattern: pattern(t, fmt.Sprintf("?-%d", n))}
			require.Len(t, positions(t, s, filter, 0, limit), want)
		}
	}
}

// TestASequenceIsOneMoment appends while the sequence is read, at every place where a
// page might end.
func TestASequenceIsOneMoment(t *testing.T) {
	for _, n := range []int{10, 64, 65, 192, 700} {
		s := open(t, server.DSN(t), postgres.Config{})
		id := eventcore.MustStreamID("a")
		appendTo(t, s, 0, n, id)
		for name, read := range map[string]func() iter.Seq2[eventcore.Recorded, error]{
			"stream": func() iter.Seq2[eventcore.Recorded, error] { return s.ReadStream(t.Context(), id, 0) },
			"all": func() iter.Seq2[eventcore.Recorded, error] {
				return s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0)
			},
		} {
			before := len(stream(t, s, id))
			count, version := 0, before
			for _, err := range read() {
				require.NoError(t, err)
				count++
				if count%16 == 0 && version < before+200 {
					appendTo(t, s, eventcore.Version(version), 5, id)
					version += 5
				}
			}
			// What was there at the beginning is seen, and whole batches only.
			require.GreaterOrEqual(t, count, before, name)
			require.Zero(t, (count-before)%5, name)
			require.LessOrEqual(t, count, before+5*(64/16), "%s of %d: it went on with what came after the second page was fetched", name, n)
		}
	}
}

func TestAHalfReadSequenceHoldsNoConnection(t *testing.T) {
	_, pool, s := wired(t, server.DSN(t), 1)
	id := eventcore.MustStreamID("a")
	appendTo(t, s, 0, 300, id)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	// With one connection, any that is held would stop all that is inside.
	outer := 0
	for _, err := range s.ReadStream(ctx, id, 0) {
		require.NoError(t, err)
		require.Zero(t, pool.Stat().AcquiredConns())
		if outer++; outer%100 != 0 {
			continue
		}
		for e, err := range s.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, 0) {
			require.NoError(t, err)
			if e.Version == 150 {
				_, err := s.Append(ctx, batch(t, eventcore.Version(200+outer), 100, id))
				require.NoError(t, err)
				break
			}
		}
		require.Zero(t, pool.Stat().AcquiredConns())
	}
	require.Equal(t, int32(1), pool.Stat().TotalConns())
	require.Equal(t, int64(1), pool.Stat().NewConnsCount(), "breaking off costs no connection")
}

// TestLargeEventsComeInSmallPages has events of all sizes, so that a page is cut.
func TestLargeEventsComeInSmallPages(t *testing.T) {
	w, pool, s := wired(t, server.DSN(t), 1)
	id := eventcore.MustStreamID("a")
	large := []byte(`"` + string(bytes.Repeat([]byte("x"), 1<<20)) + `"`)
	version := eventcore.Version(0)
	for range 3 {
		appendTo(t, s, version, 70, id)
		version += 70
		var b eventcore.Writes
		require.NoError(t, b.Expect(id, version))
		for range 20 {
			require.NoError(t, b.Append(id, proposed("large", string(large))))
		}
		_, err := s.Append(t.Context(), b)
		require.NoError(t, err)
		version += 20
	}
	for name, read := range map[string]func() iter.Seq2[eventcore.Recorded, error]{
		"stream": func() iter.Seq2[eventcore.Recorded, error] { return s.ReadStream(t.Context(), id, 0) },
		"all": func() iter.Seq2[eventcore.Recorded, error] {
			return s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0)
		},
		"all with a limit": func() iter.Seq2[eventcore.Recorded, error] {
			return s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, int(version))
		},
	} {
		before := pool.Stat().NewConnsCount()
		next := eventcore.Version(1)
		for e, err := range read() {
			require.NoError(t, err)
			require.Equal(t, next, e.Version)
			if e.Type == "large" {
				require.True(t, bytes.Equal(large, e.Data))
			}
			next++
		}
		require.Equal(t, version+1, next, name)
		cut := pool.Stat().NewConnsCount() - before
		require.Positive(t, cut, "%s: no page was cut; the test does not test what it should", name)
		require.LessOrEqual(t, cut, int64(8), "%s: the size of pages does not follow that of events", name)
	}
	w.set(nil, nil)
}

func TestAReadWhoseContextEndsIsCancelledOnTheServer(t *testing.T) {
	dsn := server.DSN(t)
	s := open(t, dsn, postgres.Config{})
	appendTo(t, s, 0, 1, eventcore.MustStreamID("a"))
	conn := connectTo(t, dsn)
	run(t, conn, "BEGIN; LOCK TABLE eventcore_events")
	ctx, cancel := context.WithCancel(t.Context())
	read := make(chan []error, 1)
	go func() {
		var all []error
		for _, err := range s.ReadStream(ctx, eventcore.MustStreamID("a"), 0) {
			all = append(all, err)
		}
		read <- all
	}()
	wait(t, dsn, 1)
	cancel()
	all := <-read
	require.Len(t, all, 1)
	require.ErrorIs(t, all[0], context.Canceled)
	require.ErrorContains(t, all[0], "canceling statement due to user request")
	require.Empty(t, waiting(t, dsn), "the statement still waits")
	run(t, conn, "COMMIT")
}

func TestAClosedStoreSaysSo(t *testing.T) {
	for _, own := range []bool{true, false} {
		dsn := server.DSN(t)
		_, _, s := wired(t, dsn, 2)
		if own {
			s = open(t, dsn, postgres.Config{})
		}
		id := eventcore.MustStreamID("a")
		appendTo(t, s, 0, 1000, id)
		next, stop := iter.Pull2(s.ReadStream(t.Context(), id, 0))
		_, err, _ := next()
		require.NoError(t, err)

		require.NoError(t, s.Close())
		require.NoError(t, s.Close(), "closing twice is no error")
		_, err = s.Append(t.Context(), batch(t, 1000, 1, id))
		require.ErrorIs(t, err, postgres.ErrClosed)
		require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
		for e, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
			require.ErrorIs(t, err, postgres.ErrClosed)
			require.Zero(t, e)
		}
		// A sequence that is half read ends with the same error, once.
		var last error
		failures := 0
		for _, err, ok := next(); ok; _, err, ok = next() {
			if err != nil {
				failures++
				last = err
			}
		}
		stop()
		require.ErrorIs(t, last, postgres.ErrClosed)
		require.Equal(t, 1, failures)
	}
}

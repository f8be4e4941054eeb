package sqlite_test

import (
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestAClosedStoreSaysSo(t *testing.T) {
	everywhere(t, func(t *testing.T, s *sqlite.Store) {
		id := eventcore.MustStreamID("a")
		appendTo(t, s, 0, 1000, id)
		next, stop := iter.Pull2(s.ReadStream(t.Context(), id, 0))
		defer stop()
		_, err, _ := next()
		require.NoError(t, err)

		require.NoError(t, s.Close())
		require.NoError(t, s.Close(), "closing twice is no error")
		_, err = s.Append(t.Context(), batch(t, 1000, 1, id))
		require.ErrorIs(t, err, sqlite.ErrClosed)
		require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
		for e, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
			require.ErrorIs(t, err, sqlite.ErrClosed)
			require.Zero(t, e)
		}
		// A sequence that is half read ends with the same error, once.
		var last error
		failures := 0
		for {
			_, err, ok := next()
			if !ok {
				break
			}
			if err != nil {
				failures++
				last = err
			}
		}
		require.ErrorIs(t, last, sqlite.ErrClosed)
		require.Equal(t, 1, failures)
	})
}

func TestCloseWaitsForAnAppendAndRefusesThoseThatQueue(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	id := eventcore.MustStreamID("a")
	inside, goOn := make(chan struct{}), make(chan struct{})
	spy.set(calling("COMMIT", func() { close(inside); <-goOn }), nil)
	results := make(chan error)
	add := func(w eventcore.Writes) {
		_, err := s.Append(t.Context(), w)
		results <- err
	}
	first, second := batch(t, 0, 1, id), batch(t, 0, 1, eventcore.MustStreamID("b"))
	go add(first)
	<-inside
	go add(second)
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	require.ErrorIs(t, <-results, sqlite.ErrClosed)
	require.Empty(t, closed, "it is closed under an append")
	close(goOn)
	require.NoError(t, <-results)
	require.NoError(t, <-closed)
}

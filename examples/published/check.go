package published

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Check checks that an empty log does what is measured: that it has what was appended, by several clients at once too, in
// one order; and where it is [Streams], that an append at any other revision than the stream's is refused.
func Check(t *testing.T, log Log) {
	t.Helper()
	first, err := log.Append(t.Context(), "a", 0, []byte(`{"n": 1}`))
	require.NoError(t, err)
	_, err = log.Append(t.Context(), "b", 0, []byte(`{"n": 2}`))
	require.NoError(t, err)
	last, err := log.Append(t.Context(), "a", first, []byte(`{"n": 3}`))
	require.NoError(t, err)

	all, err := log.Page(t.Context(), Position{}, 10)
	require.NoError(t, err)
	require.Equal(t, []string{`a {"n": 1}`, `b {"n": 2}`, `a {"n": 3}`}, told(all))
	some, err := log.Page(t.Context(), all[0].At, 1)
	require.NoError(t, err)
	require.Equal(t, []string{`b {"n": 2}`}, told(some))

	if streams, ok := log.(Streams); ok {
		checkStreams(t, log, streams, first, last)
	}
	checkClients(t, log, all[len(all)-1].At)
}

// checkStreams is given the two revisions of the stream a.
func checkStreams(t *testing.T, log Log, streams Streams, first, last int64) {
	t.Helper()
	for _, wrong := range []int64{0, first, last + 1000} {
		_, err := log.Append(t.Context(), "a", wrong, []byte(`{"n": 4}`))
		require.ErrorIs(t, err, ErrMoved, "at revision %d", wrong)
	}
	_, err := log.Append(t.Context(), "c", 1000, []byte(`{"n": 4}`))
	require.ErrorIs(t, err, ErrMoved, "of a stream that does not exist")
	all, err := log.Page(t.Context(), Position{}, 10)
	require.NoError(t, err)
	require.Len(t, all, 3, "what was refused is not there")

	tail, err := streams.Tail(t.Context(), "a", first)
	require.NoError(t, err)
	require.Equal(t, []string{`a {"n": 3}`}, told(tail))
	tail, err = streams.Tail(t.Context(), "a", 0)
	require.NoError(t, err)
	require.Equal(t, []string{`a {"n": 1}`, `a {"n": 3}`}, told(tail))
	event, err := streams.Last(t.Context(), "a", last)
	require.NoError(t, err)
	require.Equal(t, []string{`a {"n": 3}`}, told([]Event{event}))
}

// checkClients has clients append at the same time.
func checkClients(t *testing.T, log Log, after Position) {
	t.Helper()
	const clients, each = 8, 5
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			var revision int64
			for n := range each {
				var err error
				if revision, err = log.Append(t.Context(), streamOf(client), revision, fmt.Appendf(nil, `%d`, n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	all, err := log.Page(t.Context(), after, 1000)
	require.NoError(t, err)
	require.Len(t, all, clients*each)
	next := make(map[string]int)
	for _, event := range all {
		require.Equal(t, fmt.Sprint(next[event.Stream]), string(event.Data), "the next one of %s", event.Stream)
		next[event.Stream]++
	}
	require.Len(t, next, clients)
}

// told returns what events say.
func told(events []Event) (texts []string) {
	for _, event := range events {
		texts = append(texts, event.Stream+" "+string(event.Data))
	}
	return texts
}

func streamOf(client int) string { return fmt.Sprint("account-", client) }

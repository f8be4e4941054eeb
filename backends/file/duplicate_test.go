package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// listed makes the IDs of a list, then the last one again and again.
type listed struct{ ids []eventcore.EventID }

func (l *listed) NewEventID() eventcore.EventID {
	id := l.ids[0]
	if len(l.ids) > 1 {
		l.ids = l.ids[1:]
	}
	return id
}

// refusedForItsID appends what must be refused because of the ID, and leaves no trace.
func refusedForItsID(t *testing.T, s *file.Store, id eventcore.EventID) {
	t.Helper()
	before := global(t, s)
	_, err := s.Append(t.Context(), batch(t, 0, 1, eventcore.MustStreamID("b")))
	want := "events/" + id.String() + ".jsonl is there already: the generator in Config.IDs has made the ID of this append before"
	if id == uuid.Nil {
		want = "the generator in Config.IDs has made the zero ID"
	}
	require.ErrorContains(t, err, want)
	failure, ok := errors.AsType[*eventcore.StoreFailure](err)
	require.True(t, ok)
	require.Equal(t, eventcore.OutcomeNotApplied, failure.Outcome)
	require.Equal(t, before, global(t, s))
}

func TestAnIDThatComesTwiceReplacesNoAppend(t *testing.T) {
	dir := t.TempDir()
	replica, low, high := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	ids := &listed{[]eventcore.EventID{replica, low, high, low, high, {}}}
	s := open(t, dir, file.Config{Fsync: file.FsyncNever, IDs: ids})
	a := eventcore.MustStreamID("a")
	appendTo(t, s, 0, 1, a)
	appendTo(t, s, 1, 1, a)
	for _, id := range []eventcore.EventID{low, high, {}} {
		refusedForItsID(t, s, id)
	}
	require.NoError(t, s.Close())

	ids.ids = []eventcore.EventID{low, high}
	s = open(t, dir, file.Config{Fsync: file.FsyncNever, IDs: ids})
	require.Len(t, stream(t, s, a), 2)
	refusedForItsID(t, s, low)
	refusedForItsID(t, s, high)
}

func TestAFileThatSomebodyPutsInTheWayIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	id := uuid.Must(uuid.NewV7())
	s := open(t, dir, file.Config{Fsync: file.FsyncNever, IDs: &listed{[]eventcore.EventID{uuid.Must(uuid.NewV7()), id}}})
	name := filepath.Join(dir, "events", id.String()+".jsonl")
	require.NoError(t, os.WriteFile(name, []byte("mine"), 0o600))
	refusedForItsID(t, s, id)
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "mine", string(content))
}

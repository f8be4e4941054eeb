package sqlite_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// fakeTask is a simulated task: where it waits it lets onWait run, as the scheduler
// would run other tasks, until it is ready.
type fakeTask struct {
	waited []string
	onWait func()
}

func (*fakeTask) Yield(string) {}

func (f *fakeTask) Wait(name string, ready func() bool) {
	f.waited = append(f.waited, name)
	for !ready() {
		f.onWait()
	}
}

func TestASimulatedTaskWaitsInTheScheduler(t *testing.T) {
	spy, s := spied(t, sqlite.Config{})
	a, b := eventcore.MustStreamID("a"), eventcore.MustStreamID("b")
	inside, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	spy.set(calling("COMMIT", sync.OnceFunc(func() { close(inside); <-goOn })), nil)
	w := batch(t, 0, 1, a)
	go func() {
		_, err := s.Append(t.Context(), w)
		done <- err
	}()
	<-inside
	// A task that blocked here would block the whole simulation.
	task := &fakeTask{onWait: sync.OnceFunc(func() { close(goOn); require.NoError(t, <-done) })}
	_, err := s.Append(yield.NewContext(t.Context(), task), batch(t, 0, 1, b))
	require.NoError(t, err)
	require.Equal(t, []string{"sqlite: append"}, task.waited)
	require.Len(t, stream(t, s, b), 1)
}

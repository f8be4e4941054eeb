package pgstep_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// loose is a task that nobody schedules: it goes on wherever it may.
type loose struct {
	run any
	// held is closed once a statement of the task is found to wait.
	held chan struct{}
}

func (*loose) Yield(string) {}

func (*loose) Wait(_ string, ready func() bool) {
	for !ready() {
		time.Sleep(time.Millisecond)
	}
}

func (l *loose) Run() any     { return l.run }
func (*loose) Stopping() bool { return false }

// Outside asks whether the task is held up until that is so for the first time, or it is back.
func (l *loose) Outside(_ string, blocked func() bool) (back func()) {
	over := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		for !blocked() {
			select {
			case <-over:
				return
			case <-time.After(time.Millisecond):
			}
		}
		select {
		case <-l.held:
		default:
			close(l.held)
		}
	})
	return func() {
		close(over)
		asking.Wait()
	}
}

// begun returns a loose task that has begun a transaction with a statement. What it does next may
// have to wait, so its context does not end with the test.
func begun(t *testing.T, conn *pgx.Conn, run any, statement string, arguments ...any) (*loose, context.Context) {
	t.Helper()
	task := &loose{run: run, held: make(chan struct{})}
	ctx := yield.NewContext(context.WithoutCancel(t.Context()), task)
	_, err := conn.Exec(ctx, "BEGIN")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, statement, arguments...)
	require.NoError(t, err)
	return task, ctx
}

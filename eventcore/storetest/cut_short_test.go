package storetest_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

// opens returns a function that opens stores with a bug.
func opens(plant func(*hooked)) func(context.Context) (eventcore.Store, error) {
	return func(context.Context) (eventcore.Store, error) { return newHooked(plant), nil }
}

func TestWithoutAllReaderStillChecksAReadAllThatIsThere(t *testing.T) {
	err := storetest.Check(t.Context(), opens(limited(func(limit int) int { return max(limit, 0) })),
		only("R-ALL-10"), storetest.WithoutAllReader())
	require.ErrorContains(t, err, "R-ALL-10 (")
}

func TestWithoutAllReaderHidesNoFailedClose(t *testing.T) {
	closed, cause := 0, errors.New("still in use")
	err := storetest.Check(t.Context(), func(context.Context) (eventcore.Store, error) {
		return closing{memory.New(memory.Config{}), &closed, cause}, nil
	}, only("R-ALL-01"), storetest.WithoutAllReader())
	require.ErrorIs(t, err, cause)
	require.Equal(t, 1, closed)
}

func TestRequirementsOfTheGlobalOrderNeedAnAllReader(t *testing.T) {
	for _, r := range storetest.Requirements() {
		if r.Group == "all" {
			require.Equal(t, "eventcore.AllReader", r.Needs, r.ID)
		}
	}
}

func TestRequirementsTellTheOptionsThatTheyNeed(t *testing.T) {
	for group, option := range map[string]string{"reopen": "storetest.WithReopen", "handle": "storetest.WithSecondHandle", "res": "storetest.WithResources"} {
		for _, r := range storetest.Requirements() {
			if r.Group == group {
				require.Contains(t, r.Needs, option, r.ID)
			}
		}
	}
}

func TestACheckThatIsCancelledIsNoHang(t *testing.T) {
	for _, tc := range []struct {
		name string
		wait time.Duration
		want string
	}{
		{"the store ends with its context", 10 * time.Millisecond, "context canceled"},
		{"the store does not end with its context", time.Second, "does not end with its context, not even 50ms later"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			err := storetest.Check(ctx, opens(onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				cancel()
				time.Sleep(tc.wait)
				return inner(ctx, w)
			})), storetest.WithDeadline(200*time.Millisecond))
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorContains(t, err, "storetest: stopped in R-APPEND-01 (context canceled): ")
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "hangs")
		})
	}
}

func TestALateErrorTellsTheDeadline(t *testing.T) {
	err := storetest.Check(t.Context(), opens(onAppend(func(ctx context.Context, _ eventcore.Writes, _ appendFunc) (eventcore.Appended, error) {
		<-ctx.Done()
		return eventcore.Appended{}, notApplied(ctx.Err())
	})), only("R-APPEND-01"), storetest.WithDeadline(40*time.Millisecond))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "did not end within 40ms: ")
}

func TestACheckThatItsGoroutineLeavesIsNoHang(t *testing.T) {
	err := storetest.Check(t.Context(), opens(onAppend(func(context.Context, eventcore.Writes, appendFunc) (eventcore.Appended, error) {
		runtime.Goexit()
		return eventcore.Appended{}, nil
	})), only("R-APPEND-01"))
	require.ErrorContains(t, err, "R-APPEND-01 (")
	require.ErrorContains(t, err, "runtime.Goexit")
}

// tripping panics when it is closed.
type tripping struct{ eventcore.Store }

func (tripping) Close() error { panic("closed twice") }

func TestAPanicInCloseIsReported(t *testing.T) {
	err := storetest.Check(t.Context(), func(context.Context) (eventcore.Store, error) {
		return tripping{memory.New(memory.Config{})}, nil
	}, only("R-READ-01"))
	require.ErrorContains(t, err, "panic: closed twice")
}

func TestAPanicInAGoroutineOfACheckIsReported(t *testing.T) {
	err := storetest.Check(t.Context(), opens(func(s *hooked) { s.append = nil }), only("R-CONC-02"))
	require.ErrorContains(t, err, "R-CONC-02 (")
	require.ErrorContains(t, err, "panic: ")
}

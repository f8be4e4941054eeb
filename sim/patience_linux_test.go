package sim_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// stopTestLimit is the stall timeout of the run whose process is stopped.
const stopTestLimit = 400 * time.Millisecond

// stopping stops the whole process in the middle of its first append, once that has been
// waited for.
type stopping struct {
	*memory.Store
	once *sync.Once
}

func (s stopping) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	s.once.Do(func() {
		time.Sleep(stopTestLimit / 4)
		if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
			panic(err)
		}
	})
	return s.Store.Append(ctx, w)
}

const stoppedChild = "EVENTCORE_TEST_STOPPED"

// A process that is stopped, as one is that an overloaded machine gives no time, was not held up
// by the store.
func TestTimeInWhichTheProcessIsStoppedIsNotAStall(t *testing.T) {
	if os.Getenv(stoppedChild) != "" {
		backend := wrapped("stopping", func(store *memory.Store) eventcore.Store { return stopping{store, new(sync.Once)} })
		result := run(t, sim.Config{
			Seed: 1, Backend: backend, Scenario: scenario(t, "contention"), Faults: noFaults(), StallTimeout: stopTestLimit,
		})
		require.Equal(t, sim.Pass, result.Verdict, result.Reason)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	child.Env = append(os.Environ(), stoppedChild+"=1")
	var out strings.Builder
	child.Stdout, child.Stderr = &out, &out
	require.NoError(t, child.Start())
	require.Eventually(t, func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child.Process.Pid))
		return err == nil && strings.Contains(string(stat), ") T ")
	}, time.Minute, 10*time.Millisecond)
	time.Sleep(3 * stopTestLimit)
	require.NoError(t, child.Process.Signal(syscall.SIGCONT))
	require.NoError(t, child.Wait(), out.String())
}

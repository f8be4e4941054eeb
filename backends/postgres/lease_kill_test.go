package postgres_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// processDSN is the environment variable that makes a run of the test binary the process
// of another test.
const processDSN = "EVENTCORE_POSTGRES_PROCESS_DSN"

// TestLeader is the process that is killed: it leads and says so.
func TestLeader(t *testing.T) {
	dsn := os.Getenv(processDSN)
	if dsn == "" {
		t.Skip("this is a part of another test")
	}
	lease := lead(t, open(t, dsn, postgres.Config{}))
	fmt.Fprintln(os.Stdout, "leads", lease.Token())
	select {}
}

func TestALeaseEndsWhenItsProcessIsKilled(t *testing.T) {
	dsn := server.DSN(t)
	s := open(t, dsn, postgres.Config{})
	leader := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLeader$", "-test.count=1")
	leader.Env = append(os.Environ(), processDSN+"="+dsn)
	out, err := leader.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, leader.Start())
	var token uint64
	for lines := bufio.NewScanner(out); token == 0 && lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "leads "); found {
			_, err := fmt.Sscan(text, &token)
			require.NoError(t, err)
		}
	}
	require.NotZero(t, token)
	_, err = s.TryAcquire(t.Context(), orders())
	require.ErrorIs(t, err, eventcore.ErrLeaseHeld)
	require.NoError(t, leader.Process.Kill())
	require.Error(t, leader.Wait())
	require.Greater(t, leadSoon(t, s).Token(), token)
}

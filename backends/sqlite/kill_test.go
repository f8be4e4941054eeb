package sqlite_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// TestVictim is the process that is killed: it appends without end and says what was
// acknowledged.
func TestVictim(t *testing.T) {
	path := os.Getenv(processPath)
	if path == "" || os.Getenv(processKill) == "" {
		t.Skip("this is a part of another test")
	}
	s := open(t, path, sqlite.Config{})
	id := eventcore.MustStreamID("a")
	for version := eventcore.Version(0); ; version += 10 {
		appendTo(t, s, version, 10, id)
		fmt.Fprintln(os.Stdout, "acknowledged", version+10)
	}
}

func TestWhatWasAcknowledgedSurvivesThatTheProcessIsKilled(t *testing.T) {
	path, id := file(t), eventcore.MustStreamID("a")
	victim := process(t.Context(), path, 0)
	victim.Args[1] = "-test.run=^TestVictim$"
	victim.Env = append(victim.Env, processKill+"=1")
	out, err := victim.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, victim.Start())
	acknowledged := 0
	for lines := bufio.NewScanner(out); acknowledged < 200 && lines.Scan(); {
		if at, found := strings.CutPrefix(lines.Text(), "acknowledged "); found {
			_, err := fmt.Sscan(at, &acknowledged)
			require.NoError(t, err)
		}
	}
	require.NoError(t, victim.Process.Kill())
	require.Error(t, victim.Wait())

	s := open(t, path, sqlite.Config{})
	got := len(stream(t, s, id))
	require.GreaterOrEqual(t, got, acknowledged)
	require.Zero(t, got%10, "a batch is there in part")
	require.Equal(t, upTo(got), global(t, s, eventcore.Filter{}))
	appendTo(t, s, eventcore.Version(got), 1, id)
}

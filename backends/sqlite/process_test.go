package sqlite_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Environment variables that make a run of the test binary a process of another test.
const (
	processPath = "EVENTCORE_SQLITE_PROCESS_PATH"
	processMark = "EVENTCORE_SQLITE_PROCESS_MARK"
	processKill = "EVENTCORE_SQLITE_PROCESS_KILL"
)

const processTimes = 100

// TestProcess is what the other processes do: they open the file, all at once, and
// append to a stream of their own and to one that all share.
func TestProcess(t *testing.T) {
	path, mark := os.Getenv(processPath), os.Getenv(processMark)
	if path == "" {
		t.Skip("this is a part of other tests")
	}
	s := open(t, path, sqlite.Config{})
	own := eventcore.MustStreamID("own-" + mark)
	increment(t, s, own, processTimes)
	increment(t, s, eventcore.MustStreamID("shared"), processTimes)
}

// process returns a command that runs TestProcess.
func process(ctx context.Context, path string, mark int) *exec.Cmd {
	c := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestProcess$", "-test.count=1")
	c.Env = append(os.Environ(), processPath+"="+path, processMark+"="+strconv.Itoa(mark))
	return c
}

func TestProcessesShareAFileThatIsNew(t *testing.T) {
	const processes = 3
	path := file(t)
	var running []*exec.Cmd
	for mark := range processes {
		c := process(t.Context(), path, mark)
		said := &bytes.Buffer{}
		c.Stdout, c.Stderr = said, said
		require.NoError(t, c.Start())
		running = append(running, c)
	}
	for _, c := range running {
		require.NoError(t, c.Wait(), "%s", c.Stdout)
	}
	s := open(t, path, sqlite.Config{})
	require.Len(t, stream(t, s, eventcore.MustStreamID("shared")), processes*processTimes)
	for mark := range processes {
		require.Len(t, stream(t, s, eventcore.MustStreamID(fmt.Sprint("own-", mark))), processTimes)
	}
	require.Equal(t, upTo(2*processes*processTimes), global(t, s, eventcore.Filter{}))
}

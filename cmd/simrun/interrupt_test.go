package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// tellingRuns is a variable that makes the test binary simrun, which tells on a pipe when a run
// is about to be judged.
const tellingRuns = "SIMRUN_TEST_TELLS_RUNS"

// tellRuns is that simrun.
func tellRuns() {
	pipe := os.NewFile(3, "runs")
	known := newBackends()
	known.check = func(ctx context.Context, h linearizability.History, opts linearizability.Options) linearizability.Report {
		_, _ = pipe.WriteString("run\n") // nobody reads it any more
		return linearizability.Check(ctx, h, opts)
	}
	os.Exit(known.program(os.Args[1:]))
}

// startTelling starts simrun in a process of its own, and returns once it is about to judge
// its run of that number.
func startTelling(t *testing.T, cmd *exec.Cmd, run int) {
	t.Helper()
	told, tells, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = told.Close() })
	cmd.Env, cmd.ExtraFiles = append(os.Environ(), tellingRuns+"=1"), []*os.File{tells}
	require.NoError(t, cmd.Start())
	require.NoError(t, tells.Close())
	runs := bufio.NewReader(told)
	for range run {
		_, err := runs.ReadString('\n')
		require.NoError(t, err)
	}
}

// The real signal: what ran until then is summarised and the program ends by itself.
func TestInterruptEndsARunWithItsSummary(t *testing.T) {
	var stdout, stderr bytes.Buffer
	// One run at a time: where the second one is judged the first has ended.
	cmd := exec.CommandContext(t.Context(), os.Args[0], "run", "--duration", "10m", "--parallel", "1", "--backend", "memory", "--out", t.TempDir())
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	startTelling(t, cmd, 2)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Error(t, cmd.Wait(), "an interrupted run is not a pass")

	require.Equal(t, exitUndecided, cmd.ProcessState.ExitCode(), stderr.String())
	require.Contains(t, stdout.String(), "interrupted: what ran up to then is above")
	require.Regexp(t, `undecided: [1-9]\d* runs`, stdout.String())
	require.Empty(t, stderr.String())
}

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The real program, the real signal: what ran until then is summarised and the
// program ends by itself.
func TestInterruptEndsARunWithItsSummary(t *testing.T) {
	program := filepath.Join(t.TempDir(), "simrun")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))

	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "run", "--duration", "10m", "--out", t.TempDir())
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Start())
	time.Sleep(500 * time.Millisecond)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Error(t, cmd.Wait(), "an interrupted run is not a pass")

	require.Equal(t, exitUndecided, cmd.ProcessState.ExitCode(), stderr.String())
	require.Contains(t, stdout.String(), "interrupted: what ran up to then is above")
	require.Regexp(t, `undecided: [1-9]\d* runs`, stdout.String())
	require.Empty(t, stderr.String())
}

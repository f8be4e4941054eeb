package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

func TestEveryBackendThatCanRunRuns(t *testing.T) {
	code, stdout, stderr := simrun(t, "--seeds", "3", "--scenario", "mixed", "--out", t.TempDir())
	require.Equal(t, exitPass, code, stdout+stderr)
	known := newBackends()
	require.NotEmpty(t, known.usual())
	for _, b := range known.all {
		if b.missing != "" {
			require.Contains(t, stdout, "skipped: "+b.Name+": ")
			continue
		}
		require.Regexp(t, `(?m)^ +`+b.Name+` +mixed +3 +0 `, stdout)
	}
}

// Every scenario of what a store keeps besides events runs on every backend, and faults hit
// every call of it there.
func TestFaultsHitEveryCallOnEveryBackend(t *testing.T) {
	if testing.Short() {
		t.Skip("runs many seeds; left out with -short")
	}
	wants := map[string][]eventcore.Operation{
		"projection": {
			eventcore.OpAppend, eventcore.OpReadAll, eventcore.OpLoadCheckpoint, eventcore.OpSaveCheckpoint,
			eventcore.OpAcquire, eventcore.OpCheckLease, eventcore.OpReleaseLease,
		},
		"leadership":      {eventcore.OpReadAll, eventcore.OpSaveCheckpoint, eventcore.OpAcquire, eventcore.OpCheckLease, eventcore.OpReleaseLease},
		"snapshots":       {eventcore.OpAppend, eventcore.OpReadStream, eventcore.OpLoadSnapshot, eventcore.OpSaveSnapshot},
		"pool-saturation": {eventcore.OpAppend, eventcore.OpReadStream},
	}
	args := []string{"run", "--json", "--seeds", "3", "--faults", "fail-before=10%,fail-after=10%,delay=5%", "--out", t.TempDir()}
	for name := range wants {
		args = append(args, "--scenario", name)
	}
	code, stdout, stderr := simrun(t, args...)
	require.Equal(t, exitPass, code, stdout+stderr)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	var sum summary
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &sum))
	require.Len(t, sum.Workloads, len(newBackends().usual())*len(wants))
	for _, of := range sum.Workloads {
		require.Equal(t, 3, of.Runs)
		for _, op := range wants[of.Scenario] {
			require.Positive(t, of.Struck[string(op)], "%s on %s: %s in %v", of.Scenario, of.Backend, op, of.Struck)
		}
	}
}

func TestABackendThatCannotRunIsReportedNotPassedOver(t *testing.T) {
	run := func(args ...string) (int, string) {
		known := newBackends()
		for i := range known.all {
			if known.all[i].Name == "postgres" {
				known.all[i].missing = "no server; install one"
			}
		}
		var out bytes.Buffer
		code := known.execute(t.Context(), append(args, "--seeds", "1", "--scenario", "mixed", "--faults", "none", "--out", t.TempDir()), &out, &out)
		return code, out.String()
	}
	code, out := run("run", "--verify")
	require.Equal(t, exitPass, code, out)
	require.Contains(t, out, "skipped: postgres: no server; install one")
	code, out = run("run", "--json")
	require.Equal(t, exitPass, code, out)
	require.Contains(t, out, `"skipped":["postgres: no server; install one"]`)
	code, out = run("run", "--backend", "memory")
	require.Equal(t, exitPass, code, out)
	require.NotContains(t, out, "skipped", "it was not asked for")
	code, out = run("run", "--backend", "memory,postgres")
	require.Equal(t, exitUsage, code)
	require.Contains(t, out, "--backend: postgres cannot run here: no server; install one")
}

func TestAServerThatCannotBeReachedIsNamedByItsVariable(t *testing.T) {
	t.Setenv(pgtest.DSNVariable, "host=/nowhere user=x")
	code, stdout, stderr := simrun(t, "run", "--seeds", "1", "--backend", "postgres", "--out", t.TempDir())
	require.Equal(t, exitUsage, code, stdout+stderr)
	require.Contains(t, stdout+stderr, pgtest.DSNVariable)
}

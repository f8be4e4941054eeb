package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

func TestCheckersThatDisagreeHaveAnExitCodeOfTheirOwn(t *testing.T) {
	known := newBackends()
	known.check = func(ctx context.Context, h linearizability.History, opts linearizability.Options) linearizability.Report {
		report := linearizability.Check(ctx, h, opts)
		report.Verdict, report.Reason = linearizability.Disagreement, "the fast checker says ok, porcupine violation"
		return report
	}
	var out bytes.Buffer
	code := known.execute(t.Context(), []string{"run", "--backend", "memory", "--seeds", "1", "--scenario", "mixed", "--out", t.TempDir()}, &out, &out)
	require.Equal(t, exitHarness, code, out.String())
	require.Contains(t, out.String(), "CHECKERS-DISAGREE: a bug of the harness, not of the store")
}

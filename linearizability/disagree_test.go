package linearizability_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// TestCheckersThatDisagreeAreReported plants a bug in the fast checker, once so that it
// misses something and once so that it accuses what is right.
func TestCheckersThatDisagreeAreReported(t *testing.T) {
	stale := parse(t, "c0 1-2 append a@0+x1 → ok \n c1 3-4 read a → \n a = x1")
	report := linearizability.CheckTimeless(t.Context(), stale)
	require.Equal(t, linearizability.Disagreement, report.Verdict)
	require.Equal(t, "disagreement", report.Verdict.String())
	require.Equal(t, "the fast checker says ok, porcupine violation", report.Reason)
	require.Equal(t, linearizability.Violation, check(t, stale).Verdict)

	fresh := parse(t, "c1 1-2 read a → \n c0 3-4 append a@0+x1 → ok \n a = x1")
	report = linearizability.CheckAccusing(t.Context(), fresh)
	require.Equal(t, linearizability.Disagreement, report.Verdict)
	require.Contains(t, report.Reason, "the fast checker says violation, porcupine ok; the fast checker's reason: client 1 [1-2] read a")
	require.Equal(t, []string{linearizability.StaleRead}, names(report))
	require.Equal(t, linearizability.OK, check(t, fresh).Verdict)
}

// TestAGlobalOrderThatNoClientReadIsNoDisagreement: porcupine is not asked about it.
func TestAGlobalOrderThatNoClientReadIsNoDisagreement(t *testing.T) {
	report := check(t, parse(t, "c0 1-2 append a@0+x1,x2 → ok \n a = x1 x2 \n global = x1^20 x2^10"))
	require.Equal(t, linearizability.Violation, report.Verdict)
	require.Equal(t, linearizability.OK, report.Porcupine)
}

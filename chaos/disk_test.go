package chaos_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
)

func TestFaultsOfTheDiskHitTheOperationsThatTheyFit(t *testing.T) {
	plan, err := chaos.ParsePlan("disk-fsync=100%, disk-enospc@c1.2, disk-eio-write@c1.3")
	require.NoError(t, err)
	var seen []string
	in := chaos.NewInjector(chaos.Config{Plan: plan, Observe: func(_ context.Context, f chaos.Fault) { seen = append(seen, f.String()) }})
	for _, step := range []struct {
		access chaos.DiskAccess
		want   chaos.Kind
	}{
		{chaos.DiskReads, 0},
		{chaos.DiskSyncs, chaos.DiskFsync},
		{chaos.DiskGrows, chaos.DiskENOSPC},
		{chaos.DiskReads, 0}, // the fault that names it does not fit
		{chaos.DiskOther, 0},
	} {
		require.Equal(t, step.want, in.Disk(t.Context(), 1, step.access))
	}
	require.Equal(t, []string{"disk-fsync@c1.1", "disk-enospc@c1.2"}, seen)
	require.Equal(t, 5, in.DiskOperations(1))
	require.Zero(t, in.Calls(1))
	require.Equal(t, 1, in.Fired(chaos.DiskFsync))
	require.Zero(t, in.Eligible(chaos.DiskEIOWrite))
	in.Heal()
	require.Zero(t, in.Disk(t.Context(), 1, chaos.DiskSyncs))
}

func TestACallAndAnOperationOfOneNumberCanBothFail(t *testing.T) {
	_, err := chaos.ParsePlan("fail-after@c0.1, disk-fsync@c0.1, net-cut-after@c0.1")
	require.NoError(t, err)
	_, err = chaos.ParsePlan("disk-enospc@c0.1, disk-fsync@c0.1")
	require.ErrorContains(t, err, "already has the fault")
}

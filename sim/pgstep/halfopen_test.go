package pgstep_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// TestAHalfOpenConnectionIsFoundByTimeoutOnTheVirtualClock: an hour passes before the client is
// told, and another one before the server takes notice, which the test need not wait for.
func TestAHalfOpenConnectionIsFoundByTimeoutOnTheVirtualClock(t *testing.T) {
	b, _ := backend(t, stranger{}, 10, true)
	r, err := sim.Run(t.Context(), sim.Config{
		Backend: b, Scenario: small(t), Seed: 1, Faults: plan(t, "net-half-open@c0.5+20~1h"),
	})
	require.NoError(t, err)
	require.Equal(t, sim.Pass, r.Verdict, r.Reason)
	require.Len(t, r.Faults, 1)
	trace := text(t, r)
	fault := passed(t, trace, `(\S+) client 0 gets fault net-half-open`)
	told := passed(t, trace, `(?s)gets fault net-half-open.*?(\S+) client 0 goes on from "sleep"`)
	ended := passed(t, trace, `(\S+) client 0: the server ends a session that is half open`)
	require.Equal(t, time.Hour, (told - fault).Round(time.Minute))
	require.Equal(t, 2*time.Hour, (ended - fault).Round(time.Minute))
}

// passed returns the time that a place in a trace has.
func passed(t *testing.T, trace, place string) time.Duration {
	t.Helper()
	found := regexp.MustCompile(place).FindStringSubmatch(trace)
	require.NotNil(t, found, place)
	d, err := time.ParseDuration(found[1])
	require.NoError(t, err)
	return d
}

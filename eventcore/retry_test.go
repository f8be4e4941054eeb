package eventcore_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// contended executes a command whose first conflicts appends are refused.
func contended(t *testing.T, conflicts int, opts ...eventcore.Option) (*virtualClock, eventcore.Executed, error) {
	t.Helper()
	clock, appends := newVirtualClock(), 0
	store := &hookedStore{Store: memory.New(memory.Config{}), beforeAppend: func(w eventcore.Writes) error {
		if appends++; appends <= conflicts {
			return conflictOn(w)
		}
		return nil
	}}
	opts = append([]eventcore.Option{
		eventcore.WithCodec(bankRegistry(t)), eventcore.WithClock(clock), eventcore.WithRandom(fixedRandom()),
	}, opts...)
	executed, err := eventcore.Execute(t.Context(), store, &withdraw{from: []eventcore.StreamID{streamA}}, opts...)
	return clock, executed, err
}

func TestDelaysFollowThePolicy(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		name   string
		policy eventcore.RetryPolicy
		want   []time.Duration
		jitter bool
	}{
		{"fixed", eventcore.Fixed(7*ms, 3), []time.Duration{7 * ms, 7 * ms, 7 * ms}, false},
		{"fixed at zero", eventcore.Fixed(0, 2), []time.Duration{0, 0}, false},
		{"exponential", eventcore.Exponential(10*ms, 50*ms, 5), []time.Duration{10 * ms, 20 * ms, 40 * ms, 50 * ms, 50 * ms}, true},
		{"exponential to a doubled limit", eventcore.Exponential(10*ms, 40*ms, 4), []time.Duration{10 * ms, 20 * ms, 40 * ms, 40 * ms}, true},
		{"exponential at its limit", eventcore.Exponential(10*ms, 10*ms, 2), []time.Duration{10 * ms, 10 * ms}, true},
		{"exponential at zero", eventcore.Exponential(0, time.Second, 2), []time.Duration{0, 0}, false},
		{"zero value", eventcore.RetryPolicy{}, []time.Duration{
			10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, 1000 * ms, 1000 * ms, 1000 * ms,
		}, true},
		{"none", eventcore.NoRetry(), nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			clock, executed, err := contended(t, len(tc.want)+1, eventcore.WithRetry(tc.policy))
			require.ErrorIs(t, err, eventcore.ErrVersionConflict)
			require.Equal(t, eventcore.OutcomeNotApplied, executed.Outcome)
			require.Equal(t, len(tc.want)+1, executed.Attempts)
			require.Len(t, clock.slept, len(tc.want))
			for i, want := range tc.want {
				if !tc.jitter {
					require.Equal(t, want, clock.slept[i])
					continue
				}
				require.GreaterOrEqual(t, clock.slept[i], want-want/5)
				require.LessOrEqual(t, clock.slept[i], want+want/5)
			}

			_, executed, err = contended(t, len(tc.want), eventcore.WithRetry(tc.policy))
			require.NoError(t, err, "the last retry counts")
			require.Equal(t, len(tc.want)+1, executed.Attempts)
		})
	}
}

// TestJitterUsesItsWholeRange sees both ends of the range nearly reached, and no two
// runs of delays alike without the same source.
func TestJitterUsesItsWholeRange(t *testing.T) {
	const base = time.Second
	policy := eventcore.Exponential(base, base, eventcore.Unlimited)
	clock, executed, err := contended(t, 2000, eventcore.WithRetry(policy))
	require.NoError(t, err)
	require.Equal(t, 2001, executed.Attempts)
	lowest, highest, sum := clock.slept[0], clock.slept[0], time.Duration(0)
	for _, d := range clock.slept {
		lowest, highest, sum = min(lowest, d), max(highest, d), sum+d
	}
	require.GreaterOrEqual(t, lowest, base*80/100)
	require.Less(t, lowest, base*81/100)
	require.LessOrEqual(t, highest, base*120/100)
	require.Greater(t, highest, base*119/100)
	require.InDelta(t, float64(base), float64(sum)/2000, float64(base)/100)

	again, _, err := contended(t, 2000, eventcore.WithRetry(policy))
	require.NoError(t, err)
	require.Equal(t, clock.slept, again.slept, "the same source gives the same delays")
	other, _, err := contended(t, 20, eventcore.WithRetry(policy), eventcore.WithRandom(nil))
	require.NoError(t, err)
	require.NotEqual(t, clock.slept[:20], other.slept)
}

func TestVeryLongDelaysDoNotOverflow(t *testing.T) {
	clock, _, err := contended(t, 70, eventcore.WithRetry(eventcore.Exponential(1, math.MaxInt64, 70)))
	require.NoError(t, err)
	for i, d := range clock.slept[10:] {
		require.Positive(t, d)
		require.GreaterOrEqual(t, d, clock.slept[i]/2)
	}
	require.Greater(t, clock.slept[69], time.Duration(math.MaxInt64/4))
}

func TestUnlimitedRetriesEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	clock := newVirtualClock()
	clock.before = func() {
		if len(clock.slept) == 500 {
			cancel()
		}
	}
	store := &hookedStore{Store: memory.New(memory.Config{}), beforeAppend: conflictOn}
	executed, err := eventcore.Execute(ctx, store, &withdraw{from: []eventcore.StreamID{streamA}},
		eventcore.WithCodec(bankRegistry(t)), eventcore.WithClock(clock),
		eventcore.WithRetry(eventcore.Exponential(0, 0, eventcore.Unlimited)))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, eventcore.ErrVersionConflict)
	require.EqualError(t, err, `context canceled while waiting to retry after: version conflict on stream "a": expected 0, found 1`)
	require.Equal(t, eventcore.OutcomeNotApplied, executed.Outcome)
	require.Equal(t, 501, executed.Attempts)
}

func TestHookSeesEachRetryBeforeItsDelay(t *testing.T) {
	var seen []eventcore.Retry
	var clock *virtualClock
	hook := func(r eventcore.Retry) {
		require.Equal(t, len(seen)+1, r.Attempt)
		seen = append(seen, r)
	}
	clock, _, err := contended(t, 3, eventcore.WithRetry(eventcore.Exponential(time.Second, time.Minute, 5)), eventcore.OnRetry(hook))
	require.NoError(t, err)
	require.Len(t, seen, 3)
	for i, r := range seen {
		require.Equal(t, clock.slept[i], r.Delay)
		require.Equal(t, &eventcore.VersionConflict{Stream: streamA, Expected: 0, Actual: 1}, r.Conflict)
	}
	seen = nil
	_, _, err = contended(t, 1, eventcore.WithRetry(eventcore.NoRetry()), eventcore.OnRetry(hook))
	require.Error(t, err)
	require.Empty(t, seen, "a conflict that is not retried is not a retry")
}

func TestExhaustedRetriesSayHowManyAttempts(t *testing.T) {
	_, _, err := contended(t, 3, eventcore.WithRetry(eventcore.Fixed(0, 2)))
	require.EqualError(t, err, `given up after 3 attempts: version conflict on stream "a": expected 0, found 1`)
	var conflict *eventcore.VersionConflict
	require.ErrorAs(t, err, &conflict)
}

func TestPoliciesOutOfRangeNameTheFieldAndTheFix(t *testing.T) {
	for _, tc := range []struct {
		policy eventcore.RetryPolicy
		err    string
	}{
		{eventcore.Fixed(-1, 1), "the delay is -1ns; set it to 0 or more"},
		{eventcore.Exponential(-1, 1, 1), "the delay is -1ns; set it to 0 or more"},
		{eventcore.Exponential(2, 1, 1), "limit is 1ns, below base, 2ns; set limit ≥ base"},
		{eventcore.Fixed(1, -2), "maxRetries is -2; set it to 0 or more, or to Unlimited"},
	} {
		_, executed, err := contended(t, 0, eventcore.WithRetry(tc.policy))
		require.ErrorContains(t, err, tc.err)
		require.Equal(t, eventcore.Executed{Outcome: eventcore.OutcomeNotApplied}, executed)
	}
}

package eventcore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestProjectionRefusesInvalidOptionsByNamingTheFix(t *testing.T) {
	type options = []eventcore.ProjectionOption
	codec := eventcore.WithProjectionCodec(eventcore.NewRegistry())
	start := eventcore.WithStart(eventcore.Position{})
	name := eventcore.WithSubscription(eventcore.MustSubscriptionID("sums"))
	s := &projectionScript{}
	plain, own := s.projector(), (&projectionScript{own: true}).projector()
	for _, tc := range []struct {
		fix       string
		projector eventcore.Projector[scriptEvent]
		options   options
	}{
		{"the projector is nil; pass one", nil, options{codec, start}},
		{"pass WithProjectionCodec", plain, options{start}},
		{"pass WithCheckpoints, or WithStart", plain, options{codec}},
		{"pass WithSubscription", plain, options{codec, eventcore.WithCheckpoints(unused{})}},
		{"pass WithSubscription", plain, options{codec, start, eventcore.WithCoordinator(unused{})}},
		{"leave WithCheckpoints out", own, options{codec, name, eventcore.WithCheckpoints(unused{})}},
		{"leave WithCheckpointEachPage out", plain, options{codec, start, eventcore.WithCheckpointEachPage()}},
		{"leave WithStandby out", plain, options{codec, start, eventcore.WithStandby(eventcore.RetryPolicy{})}},
		{"the page size is -1; set it to 1 or more", plain, options{codec, start, eventcore.WithPageSize(-1)}},
		{"the stop timeout is -1s; set it above 0", plain, options{codec, start, eventcore.WithStopTimeout(-time.Second)}},
		{"set 0 ≤ interval ≤ limit", plain, options{codec, start, eventcore.WithPolling(-1, 0)}},
		{"set 0 ≤ interval ≤ limit", plain, options{codec, start, eventcore.WithPolling(2, 1)}},
		{"(WithFailureRetry)", plain, options{codec, start, eventcore.WithFailureRetry(eventcore.Fixed(-1, 1))}},
		{"(WithStandby)", plain, options{
			codec, start, name, eventcore.WithCoordinator(unused{}), eventcore.WithStandby(eventcore.Fixed(1, -2)),
		}},
	} {
		_, err := eventcore.NewProjectionMachine(tc.projector, tc.options...)
		require.ErrorContains(t, err, tc.fix)
		_, err = eventcore.RunProjection(t.Context(), nil, tc.projector, tc.options...)
		require.ErrorContains(t, err, tc.fix)
	}
}

func TestProjectionWithoutAReaderIsRefused(t *testing.T) {
	script := parseProjection(t, "")
	_, err := eventcore.RunProjection(t.Context(), nil, script.projector(), script.options...)
	require.ErrorContains(t, err, "the reader is nil; pass a store")
}

func TestProjectionDefaultsAreThoseDocumented(t *testing.T) {
	script := parseProjection(t, "own\nlead\nevents a=1\napply error")
	script.option(eventcore.WithPolling(0, 0))
	script.option(eventcore.WithStandby(eventcore.RetryPolicy{}))
	script.option(eventcore.WithEventStrategy(eventcore.RetryEvent(eventcore.RetryPolicy{}, eventcore.FatalEvent())))
	m, err := eventcore.NewProjectionMachine(script.projector(), script.options...)
	require.NoError(t, err)

	within := func(d time.Duration, reason eventcore.WaitReason) {
		t.Helper()
		effect := m.Next()
		require.Equal(t, eventcore.ProjectionSleep, effect.Kind)
		require.Equal(t, reason, effect.Reason)
		require.InDelta(t, float64(d), float64(effect.Delay), float64(d)/5)
		m.Slept(nil)
	}
	m.Acquired(0, eventcore.ErrLeaseHeld)
	within(time.Second, eventcore.WaitLeadership)
	m.Acquired(0, errScript)
	within(100*time.Millisecond, eventcore.WaitFailure)
	m.Acquired(1, nil)
	m.Loaded(eventcore.Position{}, nil)
	m.Checked(nil)
	require.Equal(t, 100, m.Next().Limit)
	m.ReadEnded(nil)
	within(100*time.Millisecond, eventcore.WaitEvents)
	for range 10 {
		m.Checked(nil)
		m.ReadEnded(nil)
		m.Slept(nil)
	}
	m.Checked(nil)
	m.ReadEnded(nil)
	within(5*time.Second, eventcore.WaitEvents)
	m.Checked(nil)
	require.True(t, m.Take(&script.events[0]))
	m.ReadEnded(nil)
	m.Applied(errScript)
	within(100*time.Millisecond, eventcore.WaitRetry)
	for n := range 11 {
		m.Checked(errScript)
		if n < 10 {
			within(min(100*time.Millisecond<<n, 30*time.Second), eventcore.WaitFailure)
		}
	}
	m.Released(nil)
	require.Equal(t, eventcore.ProjectionDone, m.Next().Kind)
	require.ErrorContains(t, m.Next().Err, "given up after 11 failures in a row")
}

func TestProjectionMachineIsCancelledOnce(t *testing.T) {
	script := parseProjection(t, "events a=1")
	m, err := eventcore.NewProjectionMachine(script.projector(), script.options...)
	require.NoError(t, err)
	m.Loaded(eventcore.Position{}, nil)
	require.True(t, m.Take(&script.events[0]))
	m.ReadEnded(nil)
	m.Applied(nil)
	m.Cancel(errScript)
	last := *m.Next()
	require.True(t, last.Detached)
	m.Cancel(context.Canceled)
	require.Equal(t, last, *m.Next())
	m.Saved(last.At, nil)
	require.Equal(t, errScript, m.Next().Err)
}

func TestProjectionMachinePanicsOnTheAnswerToAnotherQuestion(t *testing.T) {
	script := parseProjection(t, "")
	for name, answer := range map[string]func(*scriptMachine){
		"Acquired": func(m *scriptMachine) { m.Acquired(1, nil) }, "Checked": func(m *scriptMachine) { m.Checked(nil) },
		"ReadEnded": func(m *scriptMachine) { m.ReadEnded(nil) }, "Applied": func(m *scriptMachine) { m.Applied(nil) },
		"SkipEnded": func(m *scriptMachine) { m.SkipEnded(nil) }, "Slept": func(m *scriptMachine) { m.Slept(nil) },
		"Saved":    func(m *scriptMachine) { m.Saved(eventcore.Position{}, nil) },
		"Released": func(m *scriptMachine) { m.Released(nil) },
	} {
		m, err := eventcore.NewProjectionMachine(script.projector(), script.options...)
		require.NoError(t, err)
		require.PanicsWithValue(t, "eventcore: ProjectionMachine."+name+` was called where "load" is to be done; see Next`, func() { answer(m) })
		require.False(t, m.Take(&eventcore.Recorded{}), "an event where none is read")
	}
}

func TestProjectionKindsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for kind := range eventcore.ProjectionDone + 2 {
		seen[kind.String()] = true
	}
	for kind := range eventcore.NoticeStopped + 2 {
		seen[kind.String()] = true
	}
	for reason := range eventcore.WaitLeadership + 2 {
		seen[reason.String()] = true
	}
	require.Len(t, seen, 11+9+5-1, "%v", seen) // skip, failure, standby …: only "failure" is twice
}

func TestCancelOfAnEndedProjectionChangesNothing(t *testing.T) {
	script := parseProjection(t, "memory\nstart 0")
	m, err := eventcore.NewProjectionMachine(script.projector(), script.options...)
	require.NoError(t, err)
	m.ReadEnded(nil)
	require.Equal(t, eventcore.ProjectionDone, m.Next().Kind)
	m.Cancel(errScript)
	require.NoError(t, m.Next().Err)
	require.Empty(t, m.TakeNotices())
}

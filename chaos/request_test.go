package chaos_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
)

func TestEveryKindOfRequestFaultIsDescribedAndNoStoreCallMeetsIt(t *testing.T) {
	kinds := chaos.RequestKinds()
	require.Len(t, kinds, 8)
	for _, info := range kinds {
		require.True(t, info.Kind.OnRequest())
		require.Empty(t, info.Operations)
		require.True(t, strings.HasSuffix(info.Doc, "."), info.Kind)
		parsed, err := chaos.ParseKind(info.Kind.String())
		require.NoError(t, err)
		require.Equal(t, info.Kind, parsed)

		fault := chaos.Fault{Kind: info.Kind, After: 1}
		if info.Timed {
			fault.Delay = 1
		}
		require.Equal(t, info.Streamed, fault.Validate() == nil, "%s and After", info.Kind)
		fault.After, fault.Delay = 0, 1
		require.Equal(t, info.Timed, fault.Validate() == nil, "%s and Delay", info.Kind)

		store, injector, _ := inject(t, info.Kind.String()+"=100%", fill(t, 20))
		for _, op := range operations() {
			op.call(t, store)
		}
		require.Zero(t, injector.Fired(info.Kind))
		require.Zero(t, injector.Eligible(info.Kind))
	}
	for _, info := range chaos.Kinds() {
		require.False(t, info.Kind.OnRequest())
	}
}

func TestRequestFaultsFireAtTheirRateAndTheirLogReplaysThem(t *testing.T) {
	const plan = "fail-before=50%, net-cut-before=5%, net-cut-request=5%, net-cut-after=5%, net-cut-result=10%, net-delay=10%~2ms, net-half-open=10%~40ms, end-session=5%, net-refused=5%"
	requests := func(in *chaos.Injector) {
		for i := range 6000 {
			fault := in.Connect(i % 3)
			if fault == nil {
				fault = in.Request(i % 3)
			}
			if fault != nil {
				require.True(t, fault.Fire(t.Context()))
			}
		}
	}
	drawn, _ := injectorOf(t, plan, 7)
	requests(drawn)
	for _, info := range chaos.RequestKinds() {
		require.Positive(t, drawn.Fired(info.Kind), info.Kind)
		require.InEpsilon(t, drawn.Expected(info.Kind), drawn.Fired(info.Kind), 0.25, info.Kind)
	}
	require.Zero(t, drawn.Fired(chaos.FailBefore))

	text := chaos.Explicit(drawn.Log()...).String()
	replayed, _ := injectorOf(t, text, 99)
	requests(replayed)
	require.Equal(t, drawn.Log(), replayed.Log())
}

func TestACallAndARequestOfOneNumberHaveAFaultEach(t *testing.T) {
	in, _ := injectorOf(t, "fail-before@c0.0, net-cut-after@c0.0, net-half-open@c0.1+5~50ms", 1)
	fault := in.Request(0)
	require.Equal(t, chaos.NetCutAfter, fault.Kind)
	require.Nil(t, in.Request(1))
	fault = in.Request(0)
	require.Equal(t, 25*time.Millisecond, fault.ServerDelay())
	_, err := operations()[0].call(t, in.Wrap(0, newFake()))
	require.ErrorIs(t, err, chaos.ErrInjected)
	_, err = chaos.ParsePlan("net-cut-after@c0.0, net-delay@c0.0")
	require.ErrorContains(t, err, "already has the fault")
}

func TestAConnectionHasTheNumberOfTheRequestThatNeedsIt(t *testing.T) {
	in, _ := injectorOf(t, "net-cut-after@c0.0, net-refused@c0.1+2, net-cut-after@c0.2, net-refused@c0.3", 1)
	require.Nil(t, in.Connect(0), "the fault is for the request")
	require.Equal(t, chaos.NetCutAfter, in.Request(0).Kind)
	fault := in.Connect(0)
	require.Equal(t, chaos.NetRefused, fault.Kind)
	require.Equal(t, chaos.RefusedByServer, fault.After)
	require.Nil(t, in.Connect(0), "the next attempt is another")
	require.Equal(t, chaos.NetCutAfter, in.Request(0).Kind)
	require.Nil(t, in.Request(0), "no connection was needed")
}

func TestNoRequestFaultFiresOnceHealed(t *testing.T) {
	in, _ := injectorOf(t, "net-cut-after=100%", 1)
	fault := in.Request(0)
	in.Heal()
	require.False(t, fault.Fire(t.Context()))
	require.Nil(t, in.Request(0))
	require.Zero(t, in.Fired(chaos.NetCutAfter))
}

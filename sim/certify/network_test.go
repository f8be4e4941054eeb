package certify_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	memstore "github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// remote sends a request for each append, as a client of a server does.
type remote struct {
	*memstore.Store
	// hopeful: it takes an append whose answer is lost for one that was not carried out.
	hopeful bool
}

// Append implements [eventcore.Store].
func (s remote) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	task, ok := yield.From(ctx).(interface{ Request() *chaos.RequestFault })
	if !ok {
		return s.Store.Append(ctx, w)
	}
	fault := task.Request()
	if fault == nil || !fault.Fire(ctx) || fault.Kind == chaos.NetDelay {
		return s.Store.Append(ctx, w)
	}
	lost := &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: errors.New("the connection is lost")}
	switch fault.Kind {
	case chaos.NetCutAfter, chaos.NetCutResult, chaos.NetHalfOpen:
		if _, err := s.Store.Append(ctx, w); err != nil {
			return eventcore.Appended{}, err // as if the answer had come
		}
		if !s.hopeful {
			lost.Outcome = eventcore.OutcomeUnknown
		}
	default:
	}
	return eventcore.Appended{}, lost
}

func overNetwork(declared bool, wrap func(*memstore.Store) eventcore.Store) sim.Backend {
	b := inMemory(wrap)
	b.Blocks, b.NetworkFaults = true, declared
	return b
}

func TestNetworkFaultsAreProvenOrNotCertified(t *testing.T) {
	right := func(s *memstore.Store) eventcore.Store { return remote{Store: s} }
	for name, test := range map[string]struct {
		backend sim.Backend
		status  certify.Status
		reason  string
	}{
		"declared":    {overNetwork(true, right), certify.Passed, ""},
		"hopeful":     {overNetwork(true, func(s *memstore.Store) eventcore.Store { return remote{s, true} }), certify.Failed, "seed "},
		"undeclared":  {overNetwork(false, right), certify.NotCertified, "Backend.NetworkFaults is not set"},
		"no server":   {inMemory(asIs), certify.NotCertified, "Backend.Blocks is not set"},
		"no requests": {overNetwork(true, asIs), certify.NotCertified, "0 faults of requests are too few"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := quick(t, 20)
			settings.Scenario = "contention"
			c := check(t, test.backend, settings, noLazy(), certify.WithoutContract())
			got := status(t, c, "R-NETWORK-01")
			require.Equal(t, test.status, got.Status, got.Reason)
			require.Contains(t, got.Reason, test.reason)
			require.Equal(t, test.status == certify.Failed, c.Failed())
		})
	}
}

package sim_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

func requestFaults(t *testing.T, text string) *chaos.Plan {
	t.Helper()
	p, err := chaos.ParsePlan(text)
	require.NoError(t, err)
	return &p
}

// served is the memory store declared as one with a server.
func served(wrap func(*memory.Store, sim.Env) eventcore.Store) sim.Backend {
	return sim.Backend{Name: "served", Blocks: true, NetworkFaults: true, Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return wrap(memory.New(memory.Config{Clock: env.Clock}), env), nil
	}}
}

func TestFaultsOfRequestsAreRefusedWhereThereIsNoServer(t *testing.T) {
	for _, text := range []string{"net-cut-after=5%", "net-half-open@c0.3+5~1ms"} {
		_, err := sim.Run(t.Context(), sim.Config{Backend: memoryBackend(), Scenario: scenario(t, "mixed"), Faults: requestFaults(t, text)})
		require.ErrorContains(t, err, "Backend.NetworkFaults")
	}
}

func TestNetworkFaultsAreDrawnWhereTheyAreDeclared(t *testing.T) {
	b := served(func(store *memory.Store, _ sim.Env) eventcore.Store { return store })
	drawn := func() (n int) {
		for seed := range uint64(10) {
			for _, rate := range run(t, sim.Config{Seed: seed, Backend: b, Scenario: scenario(t, "mixed")}).Plan.Faults.Rates {
				if rate.Kind.OnRequest() {
					n++
				}
			}
		}
		return n
	}
	require.Positive(t, drawn())
	b.NetworkFaults = false
	require.Zero(t, drawn(), "a store on a server that is not stepped")
	b.Blocks, b.NetworkFaults = false, true
	_, err := sim.Run(t.Context(), sim.Config{Backend: b, Scenario: scenario(t, "mixed")})
	require.ErrorContains(t, err, "set Blocks too")
}

func TestFaultsOfRequestsThatNeverFireMakeRunsVacuous(t *testing.T) {
	b := served(func(store *memory.Store, _ sim.Env) eventcore.Store { return store })
	cfg := sim.Config{Backend: b, Scenario: scenario(t, "mixed"), Faults: requestFaults(t, "net-cut-after@c0.0")}
	require.Equal(t, sim.Vacuous, run(t, cfg).Verdict)

	cfg.Faults = requestFaults(t, "net-cut-after=5%")
	summary, err := sim.Batch{Runs: seedsOf(cfg, 20)}.Do(t.Context())
	require.NoError(t, err)
	require.Len(t, summary.Vacuous(), 1)
	require.Contains(t, summary.Vacuous()[0], "net-cut-after never fired: in 20 runs no request to a server was seen")
}

// talking is a store that sends a request for each append, which may suffer faults.
type talking struct {
	*memory.Store
	env sim.Env
	// fired counts faults, rung what happened after them, bounded how often a deadline of the
	// run's clock came first.
	fired, rung, bounded *int
}

func (s *talking) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	task, ok := yield.From(ctx).(interface {
		Request() *chaos.RequestFault
		Sleep(ctx context.Context, d time.Duration)
		After(d time.Duration, name string, do func())
	})
	if !ok {
		return s.Store.Append(ctx, writes)
	}
	fault := task.Request()
	if fault == nil || !fault.Fire(ctx) {
		return s.Store.Append(ctx, writes)
	}
	*s.fired++
	begin := s.env.Clock.Now()
	task.After(time.Millisecond, "the time has come", func() {
		*s.rung++
		if took := s.env.Clock.Now().Sub(begin); took < time.Millisecond {
			panic("it came too early")
		}
	})
	limited, cancel := s.env.Clock.(eventcore.TimeoutClock).WithTimeout(ctx, 3*time.Millisecond)
	defer cancel()
	if limited.Err() != nil {
		panic("the time is not over")
	}
	task.Sleep(limited, time.Hour)
	if s.env.Clock.Now().Sub(begin) < time.Hour && limited.Err() == context.DeadlineExceeded {
		*s.bounded++
	}
	return s.Store.Append(ctx, writes)
}

func TestARequestWaitsAndThingsHappenInVirtualTime(t *testing.T) {
	var fired, rung, bounded int
	b := served(func(store *memory.Store, env sim.Env) eventcore.Store {
		return &talking{store, env, &fired, &rung, &bounded}
	})
	r, err := sim.Verify(t.Context(), sim.Config{Backend: b, Scenario: scenario(t, "transfers"), Seed: 3, Faults: requestFaults(t, "net-half-open=30%~1ms")})
	require.NoError(t, err)
	require.Equal(t, sim.Pass, r.Verdict, r.Reason)
	require.Positive(t, fired)
	require.Equal(t, 2*r.Coverage.Faults[chaos.NetHalfOpen].Fired, fired, "both runs")
	require.Equal(t, fired, rung)
	require.Equal(t, fired, bounded)
}

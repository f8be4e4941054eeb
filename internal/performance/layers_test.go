package performance_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

const (
	layerClients = 4
	layerCalls   = 400
)

// short is a program of four clients that append single events to streams of their own, or
// read the last of ten events.
func short(kind string, calls int) scenarios.Program {
	p := scenarios.Program{Clients: make([][]scenarios.Op, layerClients)}
	base := eventcore.MustStreamID("base")
	p.Setup = []scenarios.Op{{Do: "blind", Streams: []eventcore.StreamID{base}, Count: 10}}
	for i := range calls {
		client := i % layerClients
		op := scenarios.Op{Do: "read", Streams: []eventcore.StreamID{base}, After: 9}
		if kind == "append" || kind == "both" && (i/layerClients)%2 == 0 {
			op = scenarios.Op{Do: "blind", Streams: []eventcore.StreamID{eventcore.MustStreamID("s/" + string(rune('a'+client)) + string(rune('0'+i%8)))}, Count: 1}
		}
		p.Clients[client] = append(p.Clients[client], op)
	}
	return p
}

// layers measures what each layer adds to a call.
func layers(t *testing.T, e extent) section {
	s := section{
		title: "What each layer costs",
		before: "Nanoseconds and allocations of a call on the memory backend, one processor, no faults: programs of 400 calls of four clients, each of\n" +
			"which appends one event, or reads one behind the ninth of a stream. Each line has all of the lines above it.",
		header: []string{"layer", "append", "read"},
	}
	mixed, err := scenarios.Lookup("mixed")
	require.NoError(t, err)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, layer := range []struct {
		name string
		run  func(ctx context.Context, program *scenarios.Program)
	}{
		{"the operations of the program, on the store", func(ctx context.Context, p *scenarios.Program) { direct(ctx, t, &mixed, p, nil) }},
		{"recording of the history", func(ctx context.Context, p *scenarios.Program) {
			direct(ctx, t, &mixed, p, linearizability.NewRecorder(layerClients+1))
		}},
		{"simulation: tasks, scheduler, faults, trace (no history)", func(ctx context.Context, p *scenarios.Program) { simulated(ctx, t, &mixed, p, true) }},
		{"history, both checkers, invariants", func(ctx context.Context, p *scenarios.Program) { simulated(ctx, t, &mixed, p, false) }},
	} {
		cells := []string{layer.name}
		for _, kind := range []string{"append", "read"} {
			program := short(kind, layerCalls)
			cells = append(cells, cost(t, e.budget, layerCalls, func() { layer.run(t.Context(), &program) }))
		}
		s.add(cells...)
	}
	return s
}

// cost returns the time and the allocations of a call, so many of which are made by do.
func cost(t *testing.T, budget time.Duration, calls int, do func()) string {
	t.Helper()
	do()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, rounds := time.Now(), 0
	for rounds == 0 || time.Since(began) < budget {
		do()
		rounds++
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	n := rounds * calls
	return number(float64(took.Nanoseconds())/float64(n)) + " ns, " + number(float64(after.Mallocs-before.Mallocs)/float64(n))
}

// direct carries a program out without a simulation, client by client.
func direct(ctx context.Context, t *testing.T, scenario *scenarios.Scenario, p *scenarios.Program, recorder *linearizability.Recorder) {
	t.Helper()
	clock := eventcore.SystemClock{}
	bare := memory.New(memory.Config{Clock: clock})
	perform := func(id int, ops []scenarios.Op) {
		store := eventcore.Store(bare)
		if recorder != nil {
			store = recorder.Wrap(id, store)
		}
		client := &scenarios.Client{
			ID: id, Store: store, Clock: clock, Random: prng.New(1, "client", uint64(id)),
			IDs: eventcore.NewIDGenerator(clock, prng.New(1, "ids", uint64(id))),
		}
		for _, op := range ops {
			require.NoError(t, scenario.Run(ctx, client, op).Err)
		}
	}
	perform(0, p.Setup)
	for id, ops := range p.Clients {
		perform(id, ops)
	}
}

func simulated(ctx context.Context, t *testing.T, scenario *scenarios.Scenario, p *scenarios.Program, bare bool) {
	t.Helper()
	r, err := sim.Run(ctx, sim.Config{
		Backend: inMemory(), Scenario: *scenario, Faults: &chaos.Plan{}, Scheduler: "random", SkipChecks: bare,
		Replay: &sim.Replay{Program: *p},
	})
	require.NoError(t, err)
	if !bare {
		require.Equal(t, sim.Pass, r.Verdict, r.Reason)
	}
}

package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

// Plan is what a seed decides before a run begins. Each seed leaves out whole
// kinds of faults and operations: bugs that need one kind often hide behind
// another (swarm testing: Groce et al., ISSTA 2012).
type Plan struct {
	Params    scenarios.Params
	Weights   scenarios.Weights
	Faults    chaos.Plan
	Scheduler string
	// Crashes are in the order of their steps.
	Crashes []Crash
	// Timeless is that of the configuration.
	Timeless bool
}

// String returns the plan on one line.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "scheduler %s; %+v; operations %v; faults %s", p.Scheduler, p.Params, p.Weights, p.Faults)
	if p.Timeless {
		b.WriteString("; sleeps end at any time")
	}
	for _, c := range p.Crashes {
		b.WriteString("; " + c.String())
	}
	return b.String()
}

// drawPlan draws what the configuration leaves open.
func drawPlan(cfg *Config) Plan {
	p := Plan{
		Params:    drawParams(prng.New(cfg.Seed, "params"), cfg.Scenario.Params),
		Weights:   drawWeights(prng.New(cfg.Seed, "weights"), cfg.Scenario),
		Scheduler: cfg.Scheduler,
		Timeless:  cfg.Timeless,
	}
	if cfg.Faults != nil {
		p.Faults = *cfg.Faults
	} else {
		p.Faults = drawFaults(prng.New(cfg.Seed, "fault rates"))
		if cfg.Backend.Blocks {
			p.Faults = drawRequestFaults(prng.New(cfg.Seed, "request fault rates"), p.Faults)
		}
		if cfg.Backend.Durable {
			p.Faults = drawDiskFaults(prng.New(cfg.Seed, "disk fault rates"), p.Faults)
		}
	}
	switch {
	case cfg.Crashes != nil:
		p.Crashes = *cfg.Crashes
	case cfg.Backend.Durable && cfg.Faults == nil:
		p.Crashes = drawCrashes(cfg.Seed)
		if cfg.Backend.Checksummed != nil {
			drawFlips(prng.New(cfg.Seed, "flips"), p.Crashes)
		}
	case cfg.Backend.Restart != nil && cfg.Faults == nil && crashesServer(cfg.Seed, cfg.Scenario.Name):
		p.Crashes = drawServerCrashes(cfg.Seed)
	case cfg.Backend.Kill != nil && cfg.Faults == nil:
		p.Crashes = drawKills(cfg.Seed)
	}
	if p.Scheduler == "" {
		p.Scheduler = sched.Random
		if prng.Key(cfg.Seed, "scheduler")%8 == 0 {
			p.Scheduler = sched.RoundRobin
		}
	}
	return p
}

// drawParams varies the size of the program around the scenario's own: few clients
// make short counterexamples, many make rare interleavings.
func drawParams(r *rand.Rand, p scenarios.Params) scenarios.Params {
	p.Clients = 2 + r.IntN(max(1, 2*p.Clients-2))
	p.OpsPerClient = max(1, p.OpsPerClient/2+r.IntN(p.OpsPerClient+1))
	p.Streams = max(2, 1+r.IntN(2*p.Streams))
	return p
}

// drawWeights drops each kind of operation in one seed of four, but never all.
func drawWeights(r *rand.Rand, s scenarios.Scenario) scenarios.Weights {
	weights := make(scenarios.Weights, len(s.Kinds))
	kept := r.IntN(len(s.Kinds))
	for i, kind := range s.Kinds {
		weights[kind.Name] = kind.Weight
		if dropped := r.IntN(4) == 0; dropped && i != kept {
			weights[kind.Name] = 0
		}
	}
	return weights
}

// faultRates are the probabilities a kind of fault can have in a seed.
var faultRates = [...]float64{0.01, 0.03, 0.1, 0.2}

// drawFaults makes one seed in eight free of faults; in the others each kind is
// active or not with equal chance, at a rate of its own.
func drawFaults(r *rand.Rand) chaos.Plan {
	var plan chaos.Plan
	quiet := r.IntN(8) == 0
	for _, kind := range chaos.Kinds() {
		rate := faultRates[r.IntN(len(faultRates))]
		if active := r.IntN(2) == 0; active && !quiet {
			plan = plan.WithRate(kind.Kind, rate)
		}
	}
	return plan
}

// requestFaultRates are the probabilities that a kind of fault of requests can have: a call
// sends several.
var requestFaultRates = [...]float64{0.005, 0.01, 0.03, 0.1}

// The longest times, in virtual time, of a request that is late and of a connection that is
// half open: some steps, and the whole of several calls.
const (
	longestNetDelay = time.Millisecond
	longestHalfOpen = 5 * time.Millisecond
)

// drawRequestFaults adds to the plan what befalls the requests to a server. It makes one
// seed in four free of it; in the others each kind is active or not with equal chance.
func drawRequestFaults(r *rand.Rand, plan chaos.Plan) chaos.Plan {
	quiet := r.IntN(4) == 0
	for _, kind := range chaos.RequestKinds() {
		rate := chaos.Rate{Kind: kind.Kind, P: requestFaultRates[r.IntN(len(requestFaultRates))]}
		switch kind.Kind {
		case chaos.NetDelay:
			rate.Delay = longestNetDelay
		case chaos.NetHalfOpen:
			rate.Delay = longestHalfOpen
		default:
		}
		if active := r.IntN(2) == 0; active && !quiet {
			plan.Rates = append(plan.Rates, rate)
		}
	}
	return plan
}

// diskFaultRates are the probabilities that a kind of fault of the disk can have: a call
// does up to a dozen operations there.
var diskFaultRates = [...]float64{0.002, 0.005, 0.01, 0.03}

// drawDiskFaults adds to the plan what befalls the operations of a disk. It makes one seed
// in three free of it; in the others each kind is active or not with equal chance.
func drawDiskFaults(r *rand.Rand, plan chaos.Plan) chaos.Plan {
	quiet := r.IntN(3) == 0
	for _, kind := range chaos.DiskKinds() {
		rate := diskFaultRates[r.IntN(len(diskFaultRates))]
		if active := r.IntN(2) == 0; active && !quiet {
			plan = plan.WithRate(kind.Kind, rate)
		}
	}
	return plan
}

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
		if cfg.Backend.NetworkFaults {
			p.Faults = drawRequestFaults(prng.New(cfg.Seed, "request fault rates"), p.Faults)
		}
		if cfg.Backend.Durable {
			p.Faults = drawDiskFaults(prng.New(cfg.Seed, "disk fault rates"), p.Faults)
			if prng.Key(cfg.Seed, "failing syncs")%failingSyncsEvery == 0 {
				p.Faults = p.Faults.WithRate(chaos.DiskFsync, failingSyncs)
			}
		}
	}
	switch {
	case cfg.Crashes != nil:
		p.Crashes = *cfg.Crashes
	case cfg.Backend.Durable && cfg.Faults == nil:
		p.Crashes = drawCrashes(cfg.Seed)
		if pair := drawCrashPair(cfg.Seed); pair != nil {
			p.Crashes = pair
		}
		if cfg.Backend.noticesFlips() {
			drawFlips(prng.New(cfg.Seed, "flips"), p.Crashes)
		}
	case cfg.Backend.Restart != nil && cfg.Faults == nil && crashesServer(cfg.Seed, cfg.Scenario.Name):
		p.Crashes = drawServerCrashes(cfg.Seed)
		if cfg.Backend.RestartTwice != nil {
			drawServerRecoveries(prng.New(cfg.Seed, "server recoveries of "+cfg.Scenario.Name), p.Crashes)
		}
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

// faultRates are the probabilities that a kind of fault can have in a seed.
var (
	faultRates = [...]float64{0.01, 0.03, 0.1, 0.2}
	// A call sends several requests,
	requestFaultRates = [...]float64{0.005, 0.01, 0.03, 0.1}
	// and does up to a dozen operations on the disk.
	diskFaultRates = [...]float64{0.002, 0.005, 0.01, 0.03}
)

// One seed in so many has a disk whose syncs fail this often: what a store makes of the second
// failure, and of what the first has left, is seldom seen else.
const (
	failingSyncsEvery = 16
	failingSyncs      = 0.3
)

// drawRates adds rates of kinds to a plan: none in one seed of so many; in the others each
// kind is active or not with equal chance, at a rate of its own.
func drawRates(r *rand.Rand, plan chaos.Plan, is func(chaos.Kind) bool, rates [4]float64, quietEvery int) chaos.Plan {
	quiet := r.IntN(quietEvery) == 0
	for kind := range chaos.Every() {
		if !is(kind) {
			continue
		}
		rate := rates[r.IntN(len(rates))]
		if active := r.IntN(2) == 0; active && !quiet {
			plan = plan.WithRate(kind, rate)
		}
	}
	return plan
}

// drawFaults draws what befalls the calls of the store: nothing in one seed in eight.
func drawFaults(r *rand.Rand) chaos.Plan {
	return drawRates(r, chaos.Plan{}, chaos.Kind.OnCall, faultRates, 8)
}

// The longest times, in virtual time, of a request that is late and of a connection that is
// half open: some steps, and the whole of several calls.
const (
	longestNetDelay = time.Millisecond
	longestHalfOpen = 5 * time.Millisecond
)

// drawRequestFaults adds to the plan what befalls the requests to a server: nothing in one
// seed in four.
func drawRequestFaults(r *rand.Rand, plan chaos.Plan) chaos.Plan {
	plan = drawRates(r, plan, chaos.Kind.OnRequest, requestFaultRates, 4)
	for i := range plan.Rates {
		switch rate := &plan.Rates[i]; rate.Kind {
		case chaos.NetDelay:
			rate.Delay = longestNetDelay
		case chaos.NetHalfOpen:
			rate.Delay = longestHalfOpen
		default:
		}
	}
	return plan
}

// drawDiskFaults adds to the plan what befalls the operations of a disk: nothing in one seed
// in three.
func drawDiskFaults(r *rand.Rand, plan chaos.Plan) chaos.Plan {
	return drawRates(r, plan, chaos.Kind.OnDisk, diskFaultRates, 3)
}

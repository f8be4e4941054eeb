package sim_test

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// One seed decides everything: two doctors leave at once in the same run on every machine, if
// the store does not check the streams that a batch only reads.
func ExampleRun() {
	scenario, err := scenarios.Lookup("write-skew")
	if err != nil {
		fmt.Println(err)
		return
	}
	bug, err := mutant.Lookup("unchecked-participant")
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := sim.Config{
		Seed: 1, Scenario: scenario, Scheduler: "random",
		Backend: sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
			return memory.New(memory.Config{Clock: env.Clock}), nil
		}},
	}
	for _, cfg.Mutant = range []*mutant.Mutant{nil, &bug} {
		result, err := sim.Run(context.Background(), cfg)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(result.Verdict)
		for _, finding := range result.Findings {
			fmt.Println(" ", finding.Name)
		}
	}
	// Output:
	// pass
	// violation
	//   unchecked participant
}

func ExampleBatch() {
	scenario, err := scenarios.Lookup("transfers")
	if err != nil {
		fmt.Println(err)
		return
	}
	summary, err := sim.Batch{
		Workers: 2,
		Runs: func(yield func(sim.Config) bool) {
			for seed := range uint64(50) {
				cfg := sim.Config{Seed: seed, Scenario: scenario, Backend: sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
					return memory.New(memory.Config{Clock: env.Clock}), nil
				}}}
				if !yield(cfg) {
					return
				}
			}
		},
	}.Do(context.Background())
	fmt.Println(summary.Runs, summary.Worst(), len(summary.Vacuous()), err)
	// Output:
	// 50 pass 0 <nil>
}

package chaos_test

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// A plan is text, and so is what fired: the log, made into a plan, fails the same
// calls again.
func Example() {
	plan, err := chaos.ParsePlan("fail-after=20%")
	if err != nil {
		fmt.Println(err)
		return
	}
	run := func(plan chaos.Plan) *chaos.Injector {
		injector := chaos.NewInjector(chaos.Config{Plan: plan, Seed: 42})
		store := injector.Wrap(0, newFake())
		for range 10 {
			_, err := store.Append(context.Background(), eventcore.Writes{})
			if eventcore.OutcomeOf(err) == eventcore.OutcomeUnknown {
				fmt.Println(err)
			}
		}
		return injector
	}
	fired := chaos.Explicit(run(plan).Log()...)
	fmt.Println("fired:", fired)
	fmt.Println("again:", chaos.Explicit(run(fired).Log()...))
	// Output:
	// append (unknown outcome): injected fail-after
	// fired: fail-after@c0.3
	// append (unknown outcome): injected fail-after
	// again: fail-after@c0.3
}

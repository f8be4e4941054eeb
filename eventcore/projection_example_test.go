package eventcore_test

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Balances is a read model: the balance of each account.
type Balances map[eventcore.StreamID]int

// Apply takes in one event.
func (b Balances) Apply(_ context.Context, event eventcore.Event[AccountEvent]) error {
	b[event.Stream] += event.Payload.Change()
	return nil
}

func ExampleRunProjection() {
	ctx, store := context.Background(), memory.New(memory.Config{})
	registry := eventcore.NewRegistry()
	eventcore.MustRegister[PaidIn](registry, "paid in")
	eventcore.MustRegister[PaidOut](registry, "paid out")
	codec := eventcore.WithCodec(registry)
	alice, bob := eventcore.MustStreamID("alice"), eventcore.MustStreamID("bob")
	_, _ = eventcore.Execute(ctx, store, &PayIn{alice, 100}, codec)
	_, _ = eventcore.Execute(ctx, store, &Transfer{alice, bob, 60}, codec)

	balances := Balances{}
	options := []eventcore.ProjectionOption{
		eventcore.WithProjectionCodec(registry),
		eventcore.WithSubscription(eventcore.MustSubscriptionID("balances")),
		eventcore.WithCheckpoints(store),
		eventcore.WithCoordinator(store),
		eventcore.WithProjectionLogger(silent), // only because the log would be in the output
	}
	projected, err := eventcore.RunProjection(ctx, store, balances, options...)
	fmt.Println(projected.Applied, balances[alice], balances[bob], err)

	// The next run begins where this one ended.
	_, _ = eventcore.Execute(ctx, store, &Transfer{bob, alice, 10}, codec)
	projected, err = eventcore.RunProjection(ctx, store, balances, options...)
	fmt.Println(projected.Applied, balances[alice], balances[bob], err)
	// Output:
	// 3 40 60 <nil>
	// 2 50 50 <nil>
}

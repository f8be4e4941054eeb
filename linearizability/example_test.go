package linearizability_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

func Example() {
	ctx := context.Background()
	store := memory.New(memory.Config{})
	recorder := linearizability.NewRecorder(2)
	first, second := recorder.Wrap(0, store), recorder.Wrap(1, store)

	account := eventcore.MustStreamID("account-1")
	var writes eventcore.Writes
	_ = writes.Expect(account, 0)
	_ = writes.Append(account, eventcore.Proposed{ID: eventcore.EventID{1}, Type: "opened", Data: json.RawMessage(`{}`)})
	_, _ = first.Append(ctx, writes)
	for event := range second.ReadStream(ctx, account, 0) {
		fmt.Println(event.Type)
	}

	if err := recorder.Final(ctx, store); err != nil {
		fmt.Println(err)
	}
	history := recorder.History()
	for i := range history.Operations[:2] {
		fmt.Println(&history.Operations[i])
	}
	fmt.Println(linearizability.Check(ctx, history, linearizability.Options{}).Verdict)
	// Output:
	// opened
	// client 0 [1-2] append {account-1@0+1} → applied
	// client 1 [3-4] read account-1 after 0 → 1 events, account-1@1 to account-1@1
	// ok
}

package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func ExampleOpen() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := sqlite.Open(ctx, filepath.Join(dir, "events.db"), sqlite.Config{})
	if err != nil {
		log.Print(err)
		return
	}
	defer store.Close()

	account := eventcore.MustStreamID("account-1")
	var w eventcore.Writes
	if err := w.Expect(account, 0); err != nil {
		log.Print(err)
	}
	opened := eventcore.Proposed{ID: uuid.Must(uuid.NewV7()), Type: "opened", Data: []byte(`{"owner":"Ada"}`)}
	if err := w.Append(account, opened); err != nil {
		log.Print(err)
	}
	if _, err := store.Append(ctx, w); err != nil {
		log.Print(err)
	}
	_, err = store.Append(ctx, w) // the account is no longer at version 0
	fmt.Println(err)
	for event, err := range store.ReadStream(ctx, account, 0) {
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Println(event.Version, event.Type, string(event.Data))
	}
	// Output:
	// version conflict on stream "account-1": expected 0, found 1
	// 1 opened {"owner":"Ada"}
}

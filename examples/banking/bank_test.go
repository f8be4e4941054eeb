package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/eventcoretest"
)

var alice, bob = eventcore.MustStreamID("alice"), eventcore.MustStreamID("bob")

func open(t *testing.T, path string) *bank {
	t.Helper()
	b, err := openBank(context.WithoutCancel(t.Context()), path, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestATransferTakesFromOneAccountAndGivesToTheOther(t *testing.T) {
	eventcoretest.Given[int64, change](t, newRegistry(), eventcore.To[change](alice, deposited{100})).
		When(&transfer{alice, bob, 60}).
		Then(eventcore.To[change](alice, transferred{-60, bob}), eventcore.To[change](bob, transferred{60, alice}))
}

func TestNobodySpendsWhatIsNotThere(t *testing.T) {
	eventcoretest.Given[int64, change](t, newRegistry(), eventcore.To[change](alice, deposited{100})).
		When(&transfer{alice, bob, 101}).ThenError(errOverdrawn)
}

func TestTheCommandLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bank.db")
	var out strings.Builder
	for _, line := range []string{"deposit alice 100", "transfer alice bob 60", "balances", "transfer bob alice 10", "balances"} {
		if err := run(t.Context(), append([]string{file}, strings.Fields(line)...), &out, io.Discard); err != nil {
			t.Fatal(line, err)
		}
	}
	if want := "alice 40\nbob 60\nalice 50\nbob 50\n"; out.String() != want {
		t.Fatalf("got %q, want %q", out.String(), want)
	}
	for line, want := range map[string]error{"transfer alice bob 51": errOverdrawn, "transfer bob bob 1": errUseless, "deposit alice 0": errUseless, "deposit alice": errUsage} {
		if err := run(t.Context(), append([]string{file}, strings.Fields(line)...), &out, io.Discard); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", line, err, want)
		}
	}
}

// TestNoMoneyIsMadeOrLost moves money from several clients at once, while two handles on
// the file compete for the projection and one of them is broken off again and again.
func TestNoMoneyIsMadeOrLost(t *testing.T) {
	const accounts, start, transfers = 4, 100, 25
	file := filepath.Join(t.TempDir(), "bank.db")
	b, other := open(t, file), open(t, file)
	account := func(n int) eventcore.StreamID { return eventcore.MustStreamID(fmt.Sprint("account-", n%accounts)) }
	for n := range accounts {
		if err := b.deposit(t.Context(), account(n), start); err != nil {
			t.Fatal(err)
		}
	}
	var clients, projections sync.WaitGroup
	for client := range 3 {
		clients.Go(func() {
			for n := range transfers {
				err := b.transfer(t.Context(), account(client+n), account(client+2*n+1), int64(10+7*n))
				if err != nil && !errors.Is(err, errOverdrawn) && !errors.Is(err, errUseless) {
					t.Error(err)
				}
			}
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	projections.Go(func() {
		for ctx.Err() == nil {
			broken, cancel := context.WithCancel(ctx)
			go func() {
				_, _ = other.balances(broken) // takes about as long as some events
				cancel()
			}()
			_, _ = other.project(broken)
			cancel()
		}
	})
	clients.Wait()
	stop()
	projections.Wait()
	if _, err := b.project(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := b.balances(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for _, r := range all {
		if r.cents < 0 {
			t.Errorf("%s is overdrawn: %d", r.account, r.cents)
		}
		sum += r.cents
		if folded := b.folded(t, eventcore.MustStreamID(r.account)); folded != r.cents {
			t.Errorf("the read model of %s says %d, its events %d", r.account, r.cents, folded)
		}
	}
	if sum != accounts*start {
		t.Errorf("there are %d cents, not %d", sum, accounts*start)
	}
}

// folded returns a balance as the events say it.
func (b *bank) folded(t *testing.T, account eventcore.StreamID) (cents int64) {
	t.Helper()
	for e, err := range eventcore.Read[change](t.Context(), b.store, b.registry, account, 0) {
		if err != nil {
			t.Fatal(err)
		}
		cents += e.Payload.cents()
	}
	return cents
}

package statetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

type fakeLease struct {
	handle *fakeHandle
	name   string
	token  uint64
	// released counts the calls of Release.
	released int
}

func (h *fakeHandle) TryAcquire(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Lease, error) {
	failed := func(err error) error { return &eventcore.StoreFailure{Operation: eventcore.OpAcquire, Err: err} }
	refused := h.refused(ctx, eventcore.OpAcquire, subscription.IsZero())
	if refused != nil && !h.is("does what it refuses") {
		return nil, refused
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed && !h.is("leads when it is closed") {
		if h.is("takes itself for the holder") {
			return nil, failed(eventcore.ErrLeaseHeld)
		}
		return nil, failed(errors.New("closed"))
	}
	name := h.name(subscription.String())
	if h.holds(name) && h.is("waits whatever the context says") {
		h.mu.Unlock()
		time.Sleep(3 * fakePatience)
		h.mu.Lock()
	}
	if h.holds(name) {
		if h.is("waits") {
			h.mu.Unlock()
			<-ctx.Done()
			h.mu.Lock()
			return nil, failed(ctx.Err())
		}
		return nil, failed(eventcore.ErrLeaseHeld)
	}
	h.between()
	if !h.is("repeats tokens") {
		h.tokens[name]++
	}
	made := &fakeLease{handle: h, name: name, token: h.tokens[name]}
	h.holders[name] = made
	if h.is("ends with the context") {
		context.AfterFunc(ctx, func() { _ = made.Release(context.Background()) })
	}
	return made, refused
}

// holds says whether there is a holder.
func (h *fakeHandle) holds(name string) bool {
	holder := h.holders[name]
	return holder != nil && !h.is("gives a lease twice") && (holder.handle == h || !h.is("knows its own leases only"))
}

func (l *fakeLease) Token() uint64 { return l.token }

func (l *fakeLease) held() bool {
	h := l.handle
	return h.holders[l.name] == l && (!h.closed || h.is("keeps leases when it is closed")) || h.is("always says held")
}

func (l *fakeLease) Check(ctx context.Context) error {
	h := l.handle
	h.mu.Lock()
	defer h.mu.Unlock()
	if !l.held() {
		if h.is("cannot tell once it is lost") {
			return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: errors.New("closed")}
		}
		return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: eventcore.ErrLeaseLost}
	}
	err := h.refused(ctx, eventcore.OpCheckLease, false)
	if err != nil && h.is("loses a lease that it cannot check") {
		delete(h.holders, l.name)
	}
	if err != nil && h.is("says lost for done") {
		return &eventcore.StoreFailure{Operation: eventcore.OpCheckLease, Err: errors.Join(eventcore.ErrLeaseLost, err)}
	}
	return err
}

func (l *fakeLease) Release(ctx context.Context) error {
	h := l.handle
	if err := ctx.Err(); err != nil && h.is("keeps a lease when the context is done") {
		return &eventcore.StoreFailure{Operation: eventcore.OpReleaseLease, Err: err}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	l.released++
	if l.released > 1 && h.is("fails the second release") {
		return errors.New("released before")
	}
	if (h.holders[l.name] == l || h.is("releases what is another's")) && !h.is("never releases") {
		delete(h.holders, l.name)
	}
	return nil
}

func TestTheChecksOfLeasesFindBugs(t *testing.T) {
	const (
		refused, released = "a held lease is refused at once", "a release lets the next one in"
		late, done        = "a release that comes late takes nothing from the next holder", "a done context is told"
		tokens, closed    = "tokens grow, also after reopening", "closing the store loses the lease"
		one, overlap      = "one of many acquirers leads", "leaders that come and go never overlap"
		apart, shared     = "subscriptions have leases of their own", "the methods of a lease can be called at the same time"
	)
	finds(t, leaseChecks(), []planted{
		{"gives a lease twice", refused},
		{"knows its own leases only", refused},
		{"waits", refused},
		{"waits whatever the context says", refused},
		{"never releases", released},
		{"always says held", released},
		{"fails the second release", released},
		{"cannot tell once it is lost", released},
		{"releases what is another's", late},
		{"ends with the context", "a lease outlives the context of its acquisition"},
		{"folds case", apart},
		{"cuts long names", apart},
		{"one for all", apart},
		{"gives a lease twice", apart},
		{"repeats tokens", tokens},
		{"forgets when it is closed", tokens},
		{"ignores the context", done},
		{"hides the context", done},
		{"names another operation", done},
		{"does what it refuses", done},
		{"says lost for done", done},
		{"loses a lease that it cannot check", done},
		{"keeps a lease when the context is done", "a release with a done context gives the lease up"},
		{"never releases", "a release with a done context gives the lease up"},
		{"takes empty names", "the zero subscription is refused"},
		{"keeps leases when it is closed", closed},
		{"always says held", closed},
		{"leads when it is closed", closed},
		{"takes itself for the holder", closed},
		{"releases what is another's", closed},
		{"gives a lease twice", one},
		{"looks, then does", one},
		{"knows its own leases only", one},
		{"repeats tokens", one},
		{"never releases", one},
		{"waits", one},
		{"looks, then does", overlap},
		{"repeats tokens", overlap},
		{"fails the second release", shared},
		{"never releases", shared},
		{"cannot tell once it is lost", shared},
	})
}

// TestALeaseThatIsNeverFreeEndsTheWaiting is about the check itself.
func TestALeaseThatIsNeverFreeEndsTheWaiting(t *testing.T) {
	f := newFake("never releases")
	in := &leaseHandles{place: place[eventcore.Coordinator](f)}
	in.place.Patience = 20 * time.Millisecond
	from, err := in.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := acquire(t.Context(), in, from, orders()); err != nil {
		t.Fatal(err)
	}
	if err := soon(t.Context(), in, from); !errors.Is(err, eventcore.ErrLeaseHeld) {
		t.Fatalf("the error is %v", err)
	}
}

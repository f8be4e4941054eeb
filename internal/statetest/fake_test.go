package statetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// fake is where the handles of a store keep what they have. It does all right but for
// the bug that is planted in it.
type fake struct {
	bug string

	mu          sync.Mutex
	checkpoints map[string]eventcore.Position
	holders     map[string]*fakeLease
	tokens      map[string]uint64
	snapshots   map[eventcore.SnapshotKey]eventcore.Snapshot
}

func newFake(bug string) *fake {
	f := &fake{bug: bug}
	f.forget()
	return f
}

func (f *fake) forget() {
	f.checkpoints, f.snapshots = make(map[string]eventcore.Position), make(map[eventcore.SnapshotKey]eventcore.Snapshot)
	f.holders, f.tokens = make(map[string]*fakeLease), make(map[string]uint64)
}

// is says whether that bug is planted.
func (f *fake) is(bug string) bool { return f.bug == bug }

// name returns the name under which the fake keeps things.
func (f *fake) name(s string) string {
	const longest = 100
	switch {
	case f.is("folds case"):
		return strings.ToLower(s)
	case f.is("cuts long names"):
		return s[:min(len(s), longest)]
	case f.is("one for all"):
		return ""
	}
	return s
}

// between runs between looking and doing, where the lock should be held.
func (f *fake) between() {
	if f.is("looks, then does") {
		f.mu.Unlock()
		time.Sleep(100 * time.Microsecond)
		f.mu.Lock()
	}
}

// refused is how the fake begins each call.
func (f *fake) refused(ctx context.Context, op eventcore.Operation, empty bool) error {
	if f.is("names another operation") {
		op = eventcore.OpAppend
	}
	switch {
	case ctx.Err() != nil && f.is("hides the context"):
		return &eventcore.StoreFailure{Operation: op, Err: errors.New("something went wrong")}
	case ctx.Err() != nil && f.is("is no failure"):
		return ctx.Err()
	case ctx.Err() != nil && !f.is("ignores the context"):
		return &eventcore.StoreFailure{Operation: op, Err: ctx.Err()}
	case empty && !f.is("takes empty names"):
		return &eventcore.StoreFailure{Operation: op, Err: errors.New("the name is empty")}
	}
	return nil
}

// fakePatience is short, since the bugs that use it up are many.
const fakePatience = 200 * time.Millisecond

// fakeHandle is a handle on a fake.
type fakeHandle struct {
	*fake
	closed bool
	// cached is what a handle with that bug has seen first.
	cached map[string]any
}

func place[S any](f *fake) Place[S] {
	return Place[S]{
		Open: func(context.Context) (S, error) {
			handle, _ := any(&fakeHandle{fake: f, cached: make(map[string]any)}).(S)
			return handle, nil
		},
		Close: func(handle S) error {
			any(handle).(*fakeHandle).close()
			return nil
		},
		Patience: fakePatience,
	}
}

func (h *fakeHandle) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.is("forgets when it is closed") {
		h.forget()
	}
	for name, holder := range h.holders {
		if holder.handle == h && !h.is("keeps leases when it is closed") {
			delete(h.holders, name)
		}
	}
}

// seen returns what a handle says of a thing.
func seen[T any](h *fakeHandle, name string, is T) T {
	if !h.is("remembers what it saw first") {
		return is
	}
	if old, found := h.cached[name].(T); found {
		return old
	}
	h.cached[name] = is
	return is
}

// planted is a bug and the check that must find it.
type planted struct{ bug, check string }

// finds runs all checks without a bug, then each one with the bugs that it is there for.
func finds[S any](t *testing.T, checks []check[S], bugs []planted) {
	t.Helper()
	found := make(map[string]int)
	for _, c := range checks {
		if err := c.try(t.Context(), place[S](newFake(""))); err != nil {
			t.Errorf("%s: without a bug: %v", c.name, err)
		}
		for _, p := range bugs {
			if p.check != c.name {
				continue
			}
			found[p.check]++
			err := c.try(t.Context(), place[S](newFake(p.bug)))
			if err == nil {
				t.Errorf("%q does not find that a store %s", c.name, p.bug)
			}
			t.Logf("%s: %s: %v", c.name, p.bug, err)
		}
		if found[c.name] == 0 {
			t.Errorf("no bug is planted for %q", c.name)
		}
	}
	total := 0
	for _, n := range found {
		total += n
	}
	if total != len(bugs) {
		t.Errorf("%d bugs are planted, but only %d of them for a check that exists", len(bugs), total)
	}
}

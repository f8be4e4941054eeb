// Package statetest checks that stores keep checkpoints, leases and snapshots as the
// contract in package eventcore says.
//
//	func TestCheckpoints(t *testing.T) {
//		statetest.Checkpoints(t, func(t testing.TB) statetest.Place[eventcore.CheckpointStore] { … })
//	}
//
// It is for the tests of this module. Every check returns an error, so that the tests of
// this package can show that it finds the bugs it is there for.
package statetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Place is where the stores of one check keep what they are given, such as a file. It is
// empty at first.
type Place[S any] struct {
	// Open returns a handle on the place. Whatever is saved through one handle is seen
	// through all. A place that has one handle only returns that again.
	Open func(ctx context.Context) (S, error)
	// Close closes a handle. nil: the handles need not be closed, and the checks of
	// closing are left out.
	Close func(handle S) error
	// Patience is how long a call may take that must not wait for anybody. 0: ten seconds.
	Patience time.Duration
}

// defaultPatience is long enough for a machine that is busy with other things.
const defaultPatience = 10 * time.Second

func (p Place[S]) patience() time.Duration {
	if p.Patience > 0 {
		return p.Patience
	}
	return defaultPatience
}

// check is one thing that a store has to keep.
type check[S any] struct {
	// name is the claim.
	name string
	run  func(ctx context.Context, in *handles[S]) error
	// closes: it closes handles and looks what that does.
	closes bool
}

// all runs each check as a test of its own, in a place of its own.
func all[S any](t *testing.T, checks []check[S], place func(testing.TB) Place[S]) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			p := place(t)
			if c.closes && p.Close == nil {
				t.Skip("the handles of this store cannot be closed")
			}
			if err := c.try(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
	}
}

// try runs the check and closes all handles that it has left open.
func (c *check[S]) try(ctx context.Context, place Place[S]) error {
	in := &handles[S]{place: place}
	err := c.run(ctx, in)
	return errors.Join(err, in.closeAll())
}

// handles are those that a check has opened.
type handles[S any] struct {
	place  Place[S]
	opened []S
}

func (h *handles[S]) open(ctx context.Context) (S, error) {
	handle, err := h.place.Open(ctx)
	if err != nil {
		return handle, fmt.Errorf("open a handle: %w", err)
	}
	h.opened = append(h.opened, handle)
	return handle, nil
}

// two opens two handles.
func (h *handles[S]) two(ctx context.Context) (one, other S, err error) {
	if one, err = h.open(ctx); err == nil {
		other, err = h.open(ctx)
	}
	return one, other, err
}

// closeAll closes all handles.
func (h *handles[S]) closeAll() error {
	opened := h.opened
	h.opened = nil
	if h.place.Close == nil {
		return nil
	}
	var failed []error
	for _, handle := range opened {
		if err := h.place.Close(handle); err != nil {
			failed = append(failed, fmt.Errorf("close a handle: %w", err))
		}
	}
	return errors.Join(failed...)
}

// reopen closes all handles and opens one.
func (h *handles[S]) reopen(ctx context.Context) (S, error) {
	if err := h.closeAll(); err != nil {
		var none S
		return none, err
	}
	return h.open(ctx)
}

// cancelled returns a context that is done.
func cancelled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

// wantFailure returns an error unless got is the failure of that operation and wraps
// the cause, which may be nil for any.
func wantFailure(got error, operation eventcore.Operation, cause error) error {
	if got == nil {
		return fmt.Errorf("%s: there is no error, want one", operation)
	}
	failure, ok := errors.AsType[*eventcore.StoreFailure](got)
	if !ok || failure.Operation != operation {
		return fmt.Errorf("%s: the error %w (%T) is no failure of this operation", operation, got, got)
	}
	if cause != nil && !errors.Is(got, cause) {
		return fmt.Errorf("%s: the error %w does not wrap %w", operation, got, cause)
	}
	return nil
}

// unusual are names that a store may mistake for each other, or for something else.
func unusual() []string {
	long := make([]rune, eventcore.MaxStreamIDLength)
	for i := range long {
		long[i] = '語'
	}
	longer := string(long[:len(long)-1]) + "誤"
	return []string{
		"a", "A", "ä", "a\u0308", "a/b", "a_b", "a%b", "a b", "a\tb", "a\nb", "a\\b", `a"b`, "a'b", "'; DROP TABLE x; --",
		"$1", "..", "../a", "con", "a:b", "a\u200bb", "😀", "null", "0", string(long), longer,
	}
}

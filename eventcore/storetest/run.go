package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"testing"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Run checks every requirement as a sub-test of t. newStore returns an empty store of
// its own for each. The rules of the global order are skipped for a store that is no
// [eventcore.AllReader].
func Run(t *testing.T, newStore func(t testing.TB) eventcore.Store, opts ...Option) {
	t.Helper()
	o, err := newOptions(opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requirements() {
		t.Run(r.ID+" "+r.Rule, func(t *testing.T) {
			if o.excludes(r.ID) {
				t.Skipf("%s is left out by storetest.Without", r.ID)
			}
			err := r.try(t.Context(), newStore(t), o.deadline)
			switch {
			case errors.Is(err, errNoReadAll):
				t.Skipf("%s is not checked: %v", r.ID, err)
			case err != nil:
				t.Errorf("%v\nwhy: %s", r.failed(err), r.Why)
			}
		})
	}
}

// Check checks every requirement and returns all failures joined, nil if each rule
// was checked and kept or was left out by [Without]. newStore returns an empty store
// of its own for each. The rules of the global order fail for a store that is no
// [eventcore.AllReader] unless Without("R-ALL") leaves them out. Once ctx is done the
// rest is not checked, which is an error too.
func Check(ctx context.Context, newStore func(ctx context.Context) (eventcore.Store, error), opts ...Option) error {
	o, err := newOptions(opts)
	if err != nil {
		return err
	}
	var failures []error
	for _, r := range requirements() {
		if err := ctx.Err(); err != nil {
			failures = append(failures, fmt.Errorf("storetest: stopped before %s: %w", r.ID, err))
			break
		}
		if o.excludes(r.ID) {
			continue
		}
		store, err := newStore(ctx)
		if err != nil {
			failures = append(failures, r.failed(fmt.Errorf("open a store: %w", err)))
			continue
		}
		if err := r.try(ctx, store, o.deadline); err != nil {
			failures = append(failures, r.failed(err))
		}
	}
	return errors.Join(failures...)
}

var errNoReadAll = errors.New(`the store has no ReadAll, it is no eventcore.AllReader; storetest.Without("R-ALL") leaves the global order out`)

// try checks the requirement on a store, which it closes.
func (r *requirement) try(ctx context.Context, store eventcore.Store, deadline time.Duration) error {
	if store == nil {
		return errors.New("newStore returned nil")
	}
	s := newSubject(store)
	if r.Group == groupAll && s.all == nil {
		return errors.Join(errNoReadAll, closeStore(store))
	}
	checkCtx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	// A store that respects its context gets the chance to say so before it counts
	// as hanging.
	hang, cancelHang := context.WithTimeout(ctx, deadline+deadline/4)
	defer cancelHang()
	ended := make(chan error, 1)
	go func() {
		ended <- errors.Join(r.guarded(checkCtx, s), closeStore(store))
	}()
	select {
	case err := <-ended:
		return err
	case <-hang.Done():
		return fmt.Errorf("the check hangs: it did not end within %v and does not end with its context (is a lock or connection held while the caller's code runs?)", deadline)
	}
}

// guarded turns a panic into an error.
func (r *requirement) guarded(ctx context.Context, s *subject) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return r.check(ctx, s)
}

func closeStore(store eventcore.Store) error {
	closer, ok := store.(io.Closer)
	if !ok {
		return nil
	}
	if err := closer.Close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

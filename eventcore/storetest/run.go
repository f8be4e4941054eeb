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
// [eventcore.AllReader], and those that need an option for a caller that does not give
// it; the reason is in the sub-test's output.
func Run(t *testing.T, newStore func(t testing.TB) eventcore.Store, opts ...Option) {
	t.Helper()
	if testing.Short() {
		opts = append([]Option{WithLongStream(leastLongStream)}, opts...)
	}
	o, err := newOptions(opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requirements() {
		t.Run(r.ID+" "+r.Rule, func(t *testing.T) {
			// Where newStore ends the test, this is what is reported.
			outcome := Outcome{Requirement: r.Requirement, Err: errors.New("no store was opened")}
			defer func() { o.report(outcome) }()
			outcome = r.outcome(&o, func() error { return r.try(t.Context(), newStore(t), &o) })
			switch {
			case outcome.LeftOut:
				t.Skipf("%s is %s", r.ID, outcome.NotChecked)
			case outcome.NotChecked != "":
				t.Skipf("%s is not checked: %s", r.ID, outcome.NotChecked)
			case outcome.Err != nil:
				t.Errorf("%v\nwhy: %s", r.failed(outcome.Err), r.Why)
			}
		})
	}
}

// outcome checks the rule by try, unless options say that it is not checked.
func (r *requirement) outcome(o *options, try func() error) Outcome {
	out := Outcome{Requirement: r.Requirement}
	if o.excludes(r.ID) {
		out.NotChecked, out.LeftOut = "left out by storetest.Without", true
		return out
	}
	err := r.lacksOption(o)
	if err == nil {
		err = try()
	}
	if errors.Is(err, errNotChecked) {
		out.NotChecked = err.Error()
	} else {
		out.Err = err
	}
	return out
}

// Outcomes checks every requirement and returns what came of each, in the order of
// [Requirements]. Once ctx is done the rest is not checked. The error is that of an option.
func Outcomes(ctx context.Context, newStore func(ctx context.Context) (eventcore.Store, error), opts ...Option) ([]Outcome, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	var all []Outcome
	for _, r := range requirements() {
		out := Outcome{Requirement: r.Requirement, NotChecked: "stopped before"}
		if ctx.Err() == nil {
			out = r.outcome(&o, func() error {
				store, err := newStore(ctx)
				if err != nil {
					return fmt.Errorf("open a store: %w", err)
				}
				return r.try(ctx, store, &o)
			})
		}
		if out.Err != nil && ctx.Err() != nil {
			// It may be no fault of the store that the check did not succeed.
			out.NotChecked, out.Err = fmt.Sprintf("stopped in it: %v", ctx.Err()), nil
		}
		o.report(out)
		all = append(all, out)
	}
	return all, nil
}

// Check checks every requirement and returns all failures joined, nil if each rule
// was checked and kept or was left out by [Without]. newStore returns an empty store
// of its own for each. The rules of the global order fail for a store that is no
// [eventcore.AllReader] unless [WithoutAllReader] is given, and those that need an
// option that is not given fail too, unless [Without] leaves them out: what was not
// checked has not passed. Once ctx is done the rest is not checked, which is an error
// as well.
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
		if err := r.lacksOption(&o); err != nil {
			failures = append(failures, r.failed(fmt.Errorf("%w: %w", errNotChecked, err)))
			continue
		}
		store, err := newStore(ctx)
		if err != nil {
			failures = append(failures, r.failed(fmt.Errorf("open a store: %w", err)))
			continue
		}
		err = r.try(ctx, store, &o)
		switch {
		case err == nil, o.withoutAllReader && errors.Is(err, errNoReadAll):
		case ctx.Err() != nil:
			// It may be no fault of the store that the check did not succeed.
			return errors.Join(append(failures, fmt.Errorf("storetest: stopped in %s (%w): %w", r.ID, ctx.Err(), err))...)
		default:
			failures = append(failures, r.failed(err))
		}
	}
	return errors.Join(failures...)
}

// try checks the requirement on a store, which it closes with what the check opened.
func (r *requirement) try(ctx context.Context, store eventcore.Store, o *options) error {
	if store == nil {
		return errors.New("newStore returned nil")
	}
	if lacks := r.lacksMethod(store); lacks != nil {
		if err := closeStore(store); err != nil {
			return err
		}
		return lacks
	}
	s := newSubject(store, o)
	checkCtx, cancel := context.WithTimeout(ctx, o.deadline)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		err := errors.New("runtime.Goexit ended the check (does the store call FailNow of a test?)")
		defer func() { ended <- errors.Join(err, s.close()) }()
		err = guarded(func() error { return r.check(checkCtx, s) })
	}()
	select {
	case err := <-ended:
		return err
	case <-checkCtx.Done():
		return late(ctx, ended, o.deadline)
	}
}

// late waits for a check whose context is done. A store that respects its context
// gets the chance to say so before it counts as hanging.
func late(ctx context.Context, ended <-chan error, deadline time.Duration) error {
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), deadline/4)
	defer cancel()
	select {
	case err := <-ended:
		if err != nil && ctx.Err() == nil {
			err = fmt.Errorf("the check did not end within %v: %w", deadline, err)
		}
		return err
	case <-grace.Done():
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the check does not end with its context, not even %v later", deadline/4)
	}
	return fmt.Errorf("the check hangs: it did not end within %v and does not end with its context (is a lock or connection held while the caller's code runs?)", deadline)
}

// guarded turns a panic into an error.
func guarded(body func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return body()
}

func closeStore(store eventcore.Store) error {
	closer, ok := store.(io.Closer)
	if !ok {
		return nil
	}
	if err := guarded(closer.Close); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

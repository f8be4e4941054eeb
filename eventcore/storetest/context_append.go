package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// fickle is a context that is cancelled when it is looked at for the n-th time: it
// finds the moments between two looks without the help of chance.
type fickle struct {
	context.Context
	cancel context.CancelFunc
	looks  atomic.Int64
}

func newFickle(ctx context.Context, looks int) *fickle {
	inner, cancel := context.WithCancel(ctx)
	f := &fickle{Context: inner, cancel: cancel}
	f.looks.Store(int64(looks))
	return f
}

func (f *fickle) look() {
	if f.looks.Add(-1) <= 0 {
		f.cancel()
	}
}

// Err implements context.Context.
func (f *fickle) Err() error {
	f.look()
	return f.Context.Err()
}

// Done implements context.Context.
func (f *fickle) Done() <-chan struct{} {
	f.look()
	return f.Context.Done()
}

// checkCancelledInAppend cancels by looks and, for stores that wait for something
// outside the process, from another goroutine.
func checkCancelledInAppend(ctx context.Context, s *subject) error {
	for looks := range 25 {
		f := newFickle(ctx, looks+1)
		err := s.truthful(ctx, f, fmt.Sprintf("looks-%d", looks))
		f.cancel()
		if err != nil {
			return fmt.Errorf("with a context that is cancelled when the store looks at it for the %d. time: %w", looks+1, err)
		}
	}
	for n := range 25 {
		inner, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() {
			// An error would be that of ctx, which the append meets too.
			_ = (eventcore.SystemClock{}).Sleep(ctx, time.Duration(n)*40*time.Microsecond)
			cancel()
		})
		err := s.truthful(ctx, inner, fmt.Sprintf("delay-%d", n))
		wg.Wait()
		if err != nil {
			return fmt.Errorf("with a context that is cancelled while the append runs: %w", err)
		}
	}
	return nil
}

// truthful appends under a context that may end and then looks what became of it.
func (s *subject) truthful(ctx, cancelled context.Context, stream string) (failed error) {
	one, two := id(stream+"-1"), id(stream+"-2")
	batch, err := s.append(cancelled, writes(one, 0, 2), writes(two, 0, 1))
	outcome := eventcore.OutcomeOf(err)
	var found [2]int
	whole := func() bool {
		var errOne, errTwo error
		found[0], errOne = s.count(ctx, one)
		found[1], errTwo = s.count(ctx, two)
		failed = errors.Join(errOne, errTwo)
		return failed != nil || found == [2]int{} || found == [2]int{len(batch.to(one)), len(batch.to(two))}
	}
	// What is unknown may yet happen, between the two reads too.
	if !whole() && (outcome != eventcore.OutcomeUnknown || !eventually(ctx, whole)) {
		return fmt.Errorf("got %d and %d events of a batch of 2 and 1, want all or none", found[0], found[1])
	}
	if failed != nil {
		return failed
	}
	there := found[0] > 0
	if outcome == eventcore.OutcomeApplied && !there || outcome == eventcore.OutcomeNotApplied && there {
		return fmt.Errorf("got %s, whose outcome is %q, but found %d of the batch's 3 events", describeError(err), outcome, found[0]+found[1])
	}
	return nil
}

// count returns how many events a stream has.
func (s *subject) count(ctx context.Context, stream eventcore.StreamID) (int, error) {
	events, err := s.read(ctx, stream, 0)
	return len(events), err
}

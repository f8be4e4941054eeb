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
func (s *subject) truthful(ctx, cancelled context.Context, stream string) error {
	one, two := id(stream+"-1"), id(stream+"-2")
	batch, err := s.append(cancelled, writes(one, 0, 2), writes(two, 0, 1))
	gotOne, errOne := s.read(ctx, one, 0)
	gotTwo, errTwo := s.read(ctx, two, 0)
	if err := errors.Join(errOne, errTwo); err != nil {
		return err
	}
	outcome := eventcore.OutcomeOf(err)
	there := len(gotOne) == len(batch.to(one)) && len(gotTwo) == len(batch.to(two))
	absent := len(gotOne) == 0 && len(gotTwo) == 0
	if !there && !absent {
		return fmt.Errorf("got %d and %d events of a batch of 2 and 1, want all or none", len(gotOne), len(gotTwo))
	}
	if outcome == eventcore.OutcomeApplied && !there || outcome == eventcore.OutcomeNotApplied && there {
		return fmt.Errorf("got %s, whose outcome is %q, but found %d of the batch's 3 events", describeError(err), outcome, len(gotOne)+len(gotTwo))
	}
	return nil
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func contextRules() []requirement {
	return []requirement{
		rule("R-CTX-01", "an append whose context is done already fails with the context's error, known not applied, and is not there",
			"The caller has gone; a batch applied behind its back is found by nobody who waits for it.",
			checkCancelledAppend),
		rule("R-CTX-02", "a read whose context is done already yields the context's error and nothing else",
			"Taken for the end of the stream, an empty read is a state without its events.",
			checkCancelledRead),
		rule("R-CTX-03", "a read whose context ends in the middle ends with the context's error",
			"Ending without an error, the events so far look like the whole stream.",
			checkCancelledMidRead),
		rule("R-CTX-04", "an append that is cancelled at any moment is reported as what it is",
			"Reported as not applied, a batch that was applied is appended again by the retry.",
			checkCancelledInAppend),
		rule("R-CTX-05", "what was cancelled holds nothing that a later call needs",
			"A connection or lock that only the cancelled call would have given back stops the store.",
			checkUsableAfterCancel),
	}
}

// ended returns contexts that are done, with the error that each has.
func ended(ctx context.Context) (map[error]context.Context, context.CancelFunc) {
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	late, cancelLate := context.WithDeadline(ctx, time.Unix(1, 0))
	return map[error]context.Context{context.Canceled: cancelled, context.DeadlineExceeded: late}, cancelLate
}

// wraps says whether err wraps the context's error.
func wraps(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("got %s, want one that wraps %q", describeError(err), want)
	}
	return nil
}

func checkCancelledAppend(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	first, err := s.given(ctx, writes(a, 0, 1))
	if err != nil {
		return err
	}
	contexts, cancel := ended(ctx)
	defer cancel()
	for want, done := range contexts {
		_, err := s.append(done, writes(a, 1, 1), writes(b, 0, 2))
		if err := wraps(err, want); err != nil {
			return err
		}
		if got := eventcore.OutcomeOf(err); got != eventcore.OutcomeNotApplied {
			return fmt.Errorf("got %s, whose outcome is %q, want %q", describeError(err), got, eventcore.OutcomeNotApplied)
		}
		if err := errors.Join(s.holds(ctx, a, first), s.holds(ctx, b)); err != nil {
			return err
		}
	}
	return nil
}

func checkCancelledRead(ctx context.Context, s *subject) error {
	if _, err := s.given(ctx, writes(id("a"), 0, 3)); err != nil {
		return err
	}
	for _, stream := range []eventcore.StreamID{id("a"), id("missing")} {
		read := func(ctx context.Context) iter.Seq2[eventcore.Recorded, error] { return s.store.ReadStream(ctx, stream, 0) }
		if err := yieldsContextError(ctx, read); err != nil {
			return fmt.Errorf("read %q: %w", stream, err)
		}
	}
	return nil
}

func yieldsContextError(ctx context.Context, read func(context.Context) iter.Seq2[eventcore.Recorded, error]) error {
	contexts, cancel := ended(ctx)
	defer cancel()
	for want, done := range contexts {
		got, err := drain(read(done))
		if err := wraps(err, want); err != nil {
			return err
		}
		if len(got) > 0 {
			return fmt.Errorf("got %d events before the error, want none", len(got))
		}
	}
	return nil
}

func checkCancelledMidRead(ctx context.Context, s *subject) error {
	if _, err := s.given(ctx, writes(id("a"), 0, 500)); err != nil {
		return err
	}
	return cancelInside(ctx, 500, s.readA)
}

// cancelInside cancels reads of so many events at several places in them. Events that
// the store has fetched already it may still yield.
func cancelInside(ctx context.Context, events int, read func(context.Context) iter.Seq2[eventcore.Recorded, error]) error {
	for _, place := range []int{1, 3, events / 2, events - 1} {
		inner, cancel := context.WithCancel(ctx)
		seen := 0
		got, err := drain(func(yield func(eventcore.Recorded, error) bool) {
			for e, err := range read(inner) {
				if seen++; seen == place {
					cancel()
				}
				if !yield(e, err) {
					return
				}
			}
		})
		cancel()
		if err := wraps(err, context.Canceled); err != nil {
			return fmt.Errorf("cancelled at event %d of %d, after %d events: %w", place, events, len(got), err)
		}
	}
	return nil
}

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

func checkUsableAfterCancel(ctx context.Context, s *subject) error {
	a := id("a")
	first, err := s.given(ctx, writes(a, 0, 100))
	if err != nil {
		return err
	}
	for range 50 {
		inner, cancel := context.WithCancel(ctx)
		for range s.store.ReadStream(inner, a, 0) {
			cancel()
		}
		cancel()
		if _, err := s.append(inner, writes(a, 100, 1)); err == nil {
			return errors.New("append with a cancelled context: got no error, want one")
		}
	}
	second, err := s.given(ctx, writes(a, 100, 1))
	if err != nil {
		return fmt.Errorf("after 50 reads and appends that were cancelled: %w", err)
	}
	return s.holds(ctx, a, first, second)
}

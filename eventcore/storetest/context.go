package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
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

// over is a context that is done, and its error.
type over struct {
	ctx context.Context
	err error
}

// done returns contexts that are done, one for each way to come to that.
func done(ctx context.Context) ([]over, context.CancelFunc) {
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	late, cancelLate := context.WithDeadline(ctx, time.Unix(1, 0))
	return []over{{cancelled, context.Canceled}, {late, context.DeadlineExceeded}}, cancelLate
}

// wraps says whether err wraps the context's error.
func wraps(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("got %s, want one that wraps %q", describeError(err), want.Error())
	}
	return nil
}

func checkCancelledAppend(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	first, err := s.given(ctx, writes(a, 0, 1))
	if err != nil {
		return err
	}
	contexts, cancel := done(ctx)
	defer cancel()
	for _, c := range contexts {
		_, err := s.append(c.ctx, writes(a, 1, 1), writes(b, 0, 2))
		if err := wraps(err, c.err); err != nil {
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
		read := func(ctx context.Context) iter.Seq2[eventcore.Recorded, error] {
			return s.store.ReadStream(ctx, stream, 0)
		}
		if err := yieldsContextError(ctx, read); err != nil {
			return fmt.Errorf("read %q: %w", stream, err)
		}
	}
	return nil
}

func yieldsContextError(ctx context.Context, read func(context.Context) iter.Seq2[eventcore.Recorded, error]) error {
	contexts, cancel := done(ctx)
	defer cancel()
	for _, c := range contexts {
		got, err := drain(read(c.ctx))
		if err := wraps(err, c.err); err != nil {
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

func checkUsableAfterCancel(ctx context.Context, s *subject) error {
	a := id("a")
	first, err := s.given(ctx, writes(a, 0, 100))
	if err != nil {
		return err
	}
	for range 50 {
		inner, cancel := context.WithCancel(ctx)
		var end error
		for _, err := range s.store.ReadStream(inner, a, 0) {
			end = err
			cancel()
		}
		cancel()
		if err := wraps(end, context.Canceled); err != nil {
			return err
		}
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

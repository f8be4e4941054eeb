package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func checkIterateAgain(ctx context.Context, s *subject) error {
	a := id("a")
	first, err := s.given(ctx, writes(a, 0, 2))
	if err != nil {
		return err
	}
	seq, want := s.store.ReadStream(ctx, a, 0), first.to(a)
	for at := eventcore.Version(2); at < 5; at++ {
		got, err := drain(seq)
		if err = errors.Join(err, same(fmt.Sprintf("stream of %d events, iteration %d of one sequence", at, at-1), got, want, 1)); err != nil {
			return err
		}
		next, err := s.given(ctx, writes(a, at, 1))
		if err != nil {
			return err
		}
		want = append(want, next.to(a)...)
	}
	return nil
}

func checkReadIsLazy(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	first, err := s.given(ctx, writes(a, 0, 1))
	if err != nil {
		return err
	}
	readA, readB := s.store.ReadStream(ctx, a, 0), s.store.ReadStream(ctx, b, 0)
	second, err := s.given(ctx, writes(a, 1, 1), writes(b, 0, 1))
	if err != nil {
		return err
	}
	gotA, errA := drain(readA)
	gotB, errB := drain(readB)
	return errors.Join(errA, errB,
		same("stream of 2 events, one from before ReadStream was called, one from after", gotA, append(first.to(a), second.to(a)...), 1),
		same("stream of 1 event, from after ReadStream was called", gotB, second.to(b), 1))
}

// checkOneMoment appends batches while a read goes on: it may yield all of a batch or
// nothing of it.
func checkOneMoment(ctx context.Context, s *subject) error {
	for n, size := range []int{1, 2, 10, 300} {
		a := id(fmt.Sprintf("moment-%d", n))
		if _, err := s.given(ctx, writes(a, 0, size)); err != nil {
			return err
		}
		got, at := 0, size
		for e, err := range s.store.ReadStream(ctx, a, 0) {
			if err != nil {
				return err
			}
			if got++; int(e.Version) != got {
				return fmt.Errorf("read %q while it grows: got version %d in place %d", a, e.Version, got)
			}
			if got == 1 || got == size/2 || got == size {
				if _, err := s.given(ctx, writes(a, eventcore.Version(at), 3)); err != nil {
					return err
				}
				at += 3
			}
			if got > at {
				break
			}
		}
		if got < size || (got-size)%3 != 0 {
			return fmt.Errorf("read %q while batches of 3 are appended behind its first %d events: got %d events, which ends inside a batch", a, size, got)
		}
	}
	return nil
}

func checkAppendInLoop(ctx context.Context, s *subject) error {
	a := id("a")
	first, err := s.given(ctx, writes(a, 0, 5))
	if err != nil {
		return err
	}
	batches := []sent{first}
	for _, err := range s.store.ReadStream(ctx, a, 0) {
		if err != nil {
			return err
		}
		if len(batches) > 5 {
			break
		}
		next, err := s.given(ctx, writes(a, eventcore.Version(4+len(batches)), 1))
		if err != nil {
			return fmt.Errorf("from inside a loop over the same stream: %w", err)
		}
		batches = append(batches, next)
	}
	if len(batches) != 6 {
		return fmt.Errorf("the loop's body ran %d times, want at least 5", len(batches)-1)
	}
	return s.holds(ctx, a, batches...)
}

func checkReadInLoop(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	batch, err := s.given(ctx, writes(a, 0, 3), writes(b, 0, 2))
	if err != nil {
		return err
	}
	outer := 0
	for _, err := range s.store.ReadStream(ctx, a, 0) {
		if err != nil {
			return err
		}
		outer++
		if err := errors.Join(s.holds(ctx, b, batch), s.holds(ctx, a, batch)); err != nil {
			return fmt.Errorf("from inside a loop over %q: %w", a, err)
		}
	}
	if outer != 3 {
		return fmt.Errorf("the loop's body ran %d times, want 3", outer)
	}
	return nil
}

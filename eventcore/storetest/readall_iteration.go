package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func (s *subject) allSeq(ctx context.Context) iter.Seq2[eventcore.Recorded, error] {
	return s.all.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, 0)
}

func checkAllAgain(ctx context.Context, s *subject) error {
	seq := s.allSeq(ctx)
	a := id("a")
	var want []eventcore.Proposed
	for at := range eventcore.Version(3) {
		batch, err := s.given(ctx, writes(a, at, 1))
		if err != nil {
			return err
		}
		want = append(want, batch.to(a)...)
		for range 2 {
			got, err := drain(seq)
			if err = errors.Join(err, same(fmt.Sprintf("one sequence, iterated with %d events there", at+1), got, want, 1)); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkAllAppendInLoop(ctx context.Context, s *subject) error {
	if _, err := s.spread(ctx, 6); err != nil { // a at 2
		return err
	}
	runs := 0
	for _, err := range s.allSeq(ctx) {
		if err != nil {
			return err
		}
		if runs == 6 {
			break
		}
		if _, err := s.given(ctx, writes(id("a"), eventcore.Version(2+runs), 1)); err != nil {
			return fmt.Errorf("from inside a loop over the global order: %w", err)
		}
		runs++
	}
	all, err := s.everything(ctx)
	if err == nil && (runs != 6 || len(all) != 12) {
		err = fmt.Errorf("got %d runs of the loop's body and %d events afterwards, want 6 and 12", runs, len(all))
	}
	return err
}

func checkAllReadInLoop(ctx context.Context, s *subject) error {
	all, err := s.spread(ctx, 6) // a at 2
	if err != nil {
		return err
	}
	runs := 0
	for _, err := range s.allSeq(ctx) {
		if err != nil {
			return err
		}
		runs++
		inner, err := s.everything(ctx)
		if err = errors.Join(err, sameEvents("from inside a loop over the global order", inner, all)); err != nil {
			return err
		}
		events, err := s.read(ctx, id("a"), 0)
		if err == nil && len(events) != 2 {
			err = fmt.Errorf("got %d events of %q, want 2", len(events), id("a"))
		}
		if err != nil {
			return fmt.Errorf("from inside a loop over the global order: %w", err)
		}
	}
	if runs != len(all) {
		return fmt.Errorf("the loop's body ran %d times, want %d", runs, len(all))
	}
	return nil
}

func checkAllBreak(ctx context.Context, s *subject) error {
	first, err := s.given(ctx, writes(id("a"), 0, 100))
	if err != nil {
		return err
	}
	return errors.Join(s.leaksNothing(ctx, s.allSeq), s.usableAfter(ctx, first, s.allSeq))
}

func checkAllCancelled(ctx context.Context, s *subject) error {
	if err := yieldsContextError(ctx, s.allSeq); err != nil {
		return fmt.Errorf("with an empty store: %w", err)
	}
	if _, err := s.spread(ctx, 5); err != nil {
		return err
	}
	return yieldsContextError(ctx, s.allSeq)
}

func checkAllCancelledMidRead(ctx context.Context, s *subject) error {
	if _, err := s.given(ctx, writes(id("a"), 0, 500)); err != nil {
		return err
	}
	return cancelInside(ctx, 500, s.allSeq)
}

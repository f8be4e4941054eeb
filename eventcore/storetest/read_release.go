package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// abandonedReads is more reads than a pool may be expected to have connections.
const abandonedReads = 200

// abandon iterates a sequence up to its first event and stops there, in the two ways
// that Go has for it.
func abandon(seq iter.Seq2[eventcore.Recorded, error]) error {
	seen := 0
	for _, err := range seq {
		if err != nil {
			return err
		}
		seen++
		break
	}
	next, stop := iter.Pull2(seq)
	defer stop()
	if _, err, ok := next(); err != nil || !ok || seen != 1 {
		return errors.Join(errors.New("got no first event, want one"), err)
	}
	return nil
}

// abandonMany starts reads of a stream of 100 events and stops them early.
func (s *subject) abandonMany(ctx context.Context, seq func(context.Context) iter.Seq2[eventcore.Recorded, error]) error {
	for n := range abandonedReads {
		if err := abandon(seq(ctx)); err != nil {
			return fmt.Errorf("read %d, those before it broken off: %w", n+1, err)
		}
	}
	return nil
}

func (s *subject) readA(ctx context.Context) iter.Seq2[eventcore.Recorded, error] {
	return s.store.ReadStream(ctx, id("a"), 0)
}

func checkBreakReleases(ctx context.Context, s *subject) error {
	first, err := s.given(ctx, writes(id("a"), 0, 100))
	if err != nil {
		return err
	}
	return s.usableAfter(ctx, first, s.readA)
}

// usableAfter says whether the store works after many reads were broken off.
func (s *subject) usableAfter(ctx context.Context, first sent, seq func(context.Context) iter.Seq2[eventcore.Recorded, error]) error {
	if err := s.abandonMany(ctx, seq); err != nil {
		return err
	}
	second, err := s.given(ctx, writes(id("a"), 100, 1))
	if err != nil {
		return fmt.Errorf("after %d reads that were broken off: %w", 2*abandonedReads, err)
	}
	return s.holds(ctx, id("a"), first, second)
}

func checkBreakLeaksNothing(ctx context.Context, s *subject) error {
	if _, err := s.given(ctx, writes(id("a"), 0, 100)); err != nil {
		return err
	}
	return s.leaksNothing(ctx, s.readA)
}

// leaksNothing counts goroutines before and after many reads that are broken off.
func (s *subject) leaksNothing(ctx context.Context, seq func(context.Context) iter.Seq2[eventcore.Recorded, error]) error {
	// The first read may start what the store keeps, such as a connection.
	if err := abandon(seq(ctx)); err != nil {
		return err
	}
	before := runtime.NumGoroutine()
	if err := s.abandonMany(ctx, seq); err != nil {
		return err
	}
	// Others may start and end goroutines too, so only many of them are a leak; and
	// those that are about to end get the time to.
	const allowed = abandonedReads / 4
	for range 100 {
		if runtime.NumGoroutine() <= before+allowed {
			return nil
		}
		if err := (eventcore.SystemClock{}).Sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("got %d goroutines after %d reads that were broken off, want about %d as before",
		runtime.NumGoroutine(), 2*abandonedReads, before)
}

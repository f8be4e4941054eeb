package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ending is one way in which a read ends.
type ending struct {
	how string
	// body does one such read; what it is given reads 100 events.
	body func(ctx context.Context, read reader) error
}

type reader = func(context.Context) iter.Seq2[eventcore.Recorded, error]

func endings() []ending {
	return []ending{
		{"broken off at the first event", func(ctx context.Context, read reader) error { return abandon(read(ctx)) }},
		{"broken off in the middle", func(ctx context.Context, read reader) error { return readUpTo(read(ctx), 50) }},
		{"broken off at the last event", func(ctx context.Context, read reader) error { return readUpTo(read(ctx), 100) }},
		{"read to the end", func(ctx context.Context, read reader) error { return readUpTo(read(ctx), 101) }},
		{"ended by a panic of the loop's body", panicInside},
		{"cancelled beforehand", func(ctx context.Context, read reader) error {
			done, cancel := context.WithCancel(ctx)
			cancel()
			return endsCancelled(read(done), 0, cancel)
		}},
		{"cancelled at the first event", func(ctx context.Context, read reader) error { return cancelAt(ctx, read, 1) }},
		{"cancelled in the middle", func(ctx context.Context, read reader) error { return cancelAt(ctx, read, 50) }},
		{"cancelled and broken off", func(ctx context.Context, read reader) error {
			done, cancel := context.WithCancel(ctx)
			defer cancel()
			for _, err := range read(done) {
				cancel()
				return err
			}
			return errors.New("got no event, want the first")
		}},
		{"never begun", func(ctx context.Context, read reader) error {
			_ = read(ctx)
			return nil
		}},
	}
}

// readUpTo breaks a read of 100 events off once it has seen so many.
func readUpTo(events iter.Seq2[eventcore.Recorded, error], count int) error {
	seen := 0
	for _, err := range events {
		if err != nil {
			return err
		}
		if seen++; seen == count {
			break
		}
	}
	if want := min(count, 100); seen != want {
		return fmt.Errorf("got %d events, want %d", seen, want)
	}
	return nil
}

// panicInside ends a read as a handler does that panics.
func panicInside(ctx context.Context, read reader) (err error) {
	const reason = "the loop's body panics"
	defer func() {
		if p := recover(); p != reason {
			err = fmt.Errorf("got %v from a loop whose body panics, want %q", p, reason)
		}
	}()
	for _, err := range read(ctx) {
		if err == nil {
			panic(reason)
		}
		return err
	}
	return nil
}

// cancelAt cancels a read at one of its events and goes on to its end.
func cancelAt(ctx context.Context, read reader, event int) error {
	done, cancel := context.WithCancel(ctx)
	defer cancel()
	return endsCancelled(read(done), event, cancel)
}

// endsCancelled reads to the end and calls cancel at one of the events. The store may
// have had all of them in its hands by then; other rules say when an error must come.
func endsCancelled(events iter.Seq2[eventcore.Recorded, error], event int, cancel func()) error {
	seen := 0
	for _, err := range events {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				return err
			}
			continue
		}
		if seen++; seen == event {
			cancel()
		}
	}
	return nil
}

// readers are the ways of reading the 100 events that a check has appended.
func (s *subject) readers() map[string]reader {
	readers := map[string]reader{"of a stream": s.readA}
	if s.all != nil {
		readers["of the global order"] = s.allSeq
	}
	return readers
}

// endingTimes is how often each end of a read is made.
const endingTimes = 40

// eachEnding looks at each end of each way of reading 100 events. Each is made once
// before it is looked at: the first read may open what the store keeps.
func (s *subject) eachEnding(ctx context.Context, look func(body func() error) error) error {
	if _, err := s.given(ctx, writes(id("a"), 0, 100)); err != nil {
		return err
	}
	readers := s.readers()
	for _, what := range slices.Sorted(maps.Keys(readers)) {
		for _, end := range endings() {
			body := func() error { return end.body(ctx, readers[what]) }
			err := body()
			if err == nil {
				err = look(body)
			}
			if err != nil {
				return fmt.Errorf("reads %s, %s: %w", what, end.how, err)
			}
		}
	}
	return nil
}

func checkEndsLeaveNoGoroutines(ctx context.Context, s *subject) error {
	return s.eachEnding(ctx, func(body func() error) error {
		before := runtime.NumGoroutine()
		for range endingTimes {
			if err := body(); err != nil {
				return err
			}
		}
		// As for reads that are broken off at once: others have goroutines too.
		var now int
		if eventually(ctx, func() bool { now = runtime.NumGoroutine(); return now <= before+endingTimes/4 }) {
			return nil
		}
		return fmt.Errorf("got %d goroutines after %d of them, want about %d as before", now, endingTimes, before)
	})
}

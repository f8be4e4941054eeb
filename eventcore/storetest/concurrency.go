package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func concurrencyRules() []requirement {
	return []requirement{
		rule("R-CONC-01", "of concurrent appends at one expected version exactly one is applied, and the others conflict",
			"Two winners are a lost update; no winner is a store that stands still under load.",
			checkOneWinner),
		rule("R-CONC-02", "concurrent appends to different streams all succeed",
			"Commands that have nothing to do with each other must not make each other fail.",
			checkDifferentStreams),
		rule("R-CONC-03", "concurrent batches over several streams are applied whole or not at all",
			"A transfer is two events; with one of them money comes or goes.",
			checkTransfers),
		rule("R-CONC-04", "a read-only participant is checked against concurrent appends too",
			"Two commands that each read what the other writes must not both succeed: that is write skew.",
			checkWriteSkew),
		rule("R-CONC-05", "a read sees whole batches only, in order, while they are appended",
			"A read in the middle of a batch folds a state that never was.",
			checkReadersSeeWholeBatches),
		rule("R-CONC-06", "an append that has returned is seen by every read that begins afterwards",
			"A command that does not see what was acknowledged before it decides on the past.",
			checkReadYourWrites),
	}
}

// parallel runs body for 0 to n-1 in goroutines that begin together.
func parallel(n int, body func(i int) error) error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = body(i)
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}

func checkOneWinner(ctx context.Context, s *subject) error {
	const rounds, writers = 20, 8
	a := id("a")
	var winners []sent
	for round := range rounds {
		batches := make([]sent, writers)
		results := make([]error, writers)
		err := parallel(writers, func(i int) error {
			batches[i], results[i] = s.append(ctx, writes(a, eventcore.Version(round), 1))
			if results[i] != nil {
				return refused(results[i])
			}
			return nil
		})
		if err != nil {
			return err
		}
		var won []sent
		for i, err := range results {
			if err == nil {
				won = append(won, batches[i])
			}
		}
		if len(won) != 1 {
			return fmt.Errorf("round %d: got %d appends that succeeded at version %d, want 1 of %d", round+1, len(won), round, writers)
		}
		winners = append(winners, won...)
	}
	return s.holds(ctx, a, winners...)
}

func checkDifferentStreams(ctx context.Context, s *subject) error {
	const writers, appends = 8, 25
	batches := make([][]sent, writers)
	stream := func(i int) eventcore.StreamID { return id(fmt.Sprintf("writer-%d", i)) }
	err := parallel(writers, func(i int) error {
		for at := range eventcore.Version(appends) {
			b, err := s.given(ctx, writes(stream(i), at, 1))
			if err != nil {
				return err
			}
			batches[i] = append(batches[i], b)
		}
		return nil
	})
	for i := range writers {
		err = errors.Join(err, s.holds(ctx, stream(i), batches[i]...))
	}
	return err
}

// retry appends until there is no conflict, as the executor does: parts tells the
// batch from the versions of the streams as they were read.
func (s *subject) retry(ctx context.Context, streams []eventcore.StreamID, parts func(at []eventcore.Version) []part) (sent, error) {
	for {
		at := make([]eventcore.Version, len(streams))
		for i, stream := range streams {
			events, err := s.read(ctx, stream, 0)
			if err != nil {
				return sent{}, err
			}
			at[i] = eventcore.Version(len(events))
		}
		batch, err := s.append(ctx, parts(at)...)
		if err == nil || !errors.Is(err, eventcore.ErrVersionConflict) {
			return batch, err
		}
		if err := ctx.Err(); err != nil {
			return sent{}, err
		}
	}
}

// checkTransfers lets each worker append to two of three streams at a time, in every
// order of them.
func checkTransfers(ctx context.Context, s *subject) error {
	const workers, transfers = 6, 10
	accounts := []eventcore.StreamID{id("a"), id("b"), id("c")}
	var mu sync.Mutex
	applied := make(map[eventcore.EventID]bool)
	err := parallel(workers, func(i int) error {
		for n := range transfers {
			from, to := accounts[(i+n)%3], accounts[(i+2*n+1+i/3)%3]
			if from == to {
				to = accounts[(i+n+1)%3]
			}
			batch, err := s.retry(ctx, []eventcore.StreamID{from, to}, func(at []eventcore.Version) []part {
				return []part{writes(from, at[0], 1), writes(to, at[1], 1)}
			})
			if err != nil {
				return err
			}
			mu.Lock()
			for _, w := range batch.writes.Events() {
				applied[w.Event.ID] = true
			}
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.holdsExactly(ctx, accounts, applied)
}

// holdsExactly says whether the streams have these events, each once, and no others.
func (s *subject) holdsExactly(ctx context.Context, streams []eventcore.StreamID, want map[eventcore.EventID]bool) error {
	seen := make(map[eventcore.EventID]bool)
	for _, stream := range streams {
		events, err := s.read(ctx, stream, 0)
		if err != nil {
			return err
		}
		for i, e := range events {
			switch {
			case !want[e.ID]:
				return fmt.Errorf("stream %q: got event %s at version %d, which belongs to a batch that was refused", stream, e.ID, e.Version)
			case seen[e.ID]:
				return fmt.Errorf("stream %q: got event %s twice", stream, e.ID)
			case int(e.Version) != i+1:
				return fmt.Errorf("stream %q: got version %d in place %d", stream, e.Version, i+1)
			}
			seen[e.ID] = true
		}
	}
	if len(seen) != len(want) {
		return fmt.Errorf("got %d events of %d that were acknowledged", len(seen), len(want))
	}
	return nil
}

func checkWriteSkew(ctx context.Context, s *subject) error {
	for round := range 40 {
		pair := []eventcore.StreamID{id(fmt.Sprintf("left-%d", round)), id(fmt.Sprintf("right-%d", round))}
		results := make([]error, 2)
		err := parallel(2, func(i int) error {
			parts := []part{reads(pair[1-i], 0), writes(pair[i], 0, 1)}
			if round%2 == 1 {
				parts[0], parts[1] = parts[1], parts[0]
			}
			if _, results[i] = s.append(ctx, parts...); results[i] != nil {
				return refused(results[i])
			}
			return nil
		})
		if err != nil {
			return err
		}
		if (results[0] == nil) == (results[1] == nil) {
			return fmt.Errorf("round %d, two appends that each read the stream the other writes: got %s and %s, want exactly one conflict",
				round+1, describeError(results[0]), describeError(results[1]))
		}
	}
	return nil
}

func checkReadersSeeWholeBatches(ctx context.Context, s *subject) error {
	const size, batches, readers = 5, 60, 3
	a := id("a")
	return parallel(1+readers, func(i int) error {
		if i == 0 {
			for n := range eventcore.Version(batches) {
				if _, err := s.given(ctx, writes(a, n*size, size)); err != nil {
					return err
				}
			}
			return nil
		}
		for last := 0; last < size*batches; {
			events, err := s.read(ctx, a, 0)
			if err != nil {
				return err
			}
			for n := range events {
				if int(events[n].Version) != n+1 {
					return fmt.Errorf("got version %d in place %d", events[n].Version, n+1)
				}
			}
			if len(events)%size != 0 || len(events) < last {
				return fmt.Errorf("got %d events, want a multiple of %d and not less than the %d of the read before", len(events), size, last)
			}
			if last = len(events); ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	})
}

func checkReadYourWrites(ctx context.Context, s *subject) error {
	const writers, appends = 6, 20
	return parallel(writers, func(i int) error {
		stream := id(fmt.Sprintf("writer-%d", i))
		for at := range eventcore.Version(appends) {
			batch, err := s.given(ctx, writes(stream, at, 1))
			if err != nil {
				return err
			}
			got, err := s.read(ctx, stream, at)
			if err = errors.Join(err, same(fmt.Sprintf("stream %q after version %d", stream, at), got, batch.to(stream), at+1)); err != nil {
				return err
			}
		}
		return nil
	})
}

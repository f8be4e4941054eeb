package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

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
		rule("R-CONC-07", "of concurrent batches over many streams, which name them in different orders, exactly one is applied whole",
			"Locks taken in the order of a batch are a deadlock with another order, and the streams of a batch can have two winners.",
			checkOppositeOrders),
	}
}

// parallel runs body for 0 to n-1 in goroutines that begin together. A panic in one is
// its error: nothing else could keep it from ending the program.
func parallel(n int, body func(i int) error) error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = guarded(func() error { return body(i) })
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}

// rounds counts from 0: up to atLeast in any case, and on up to atMost for a while. The
// faster a store is, the smaller is the moment in which a race must hit, and the more
// often it can be tried.
func rounds(atLeast, atMost int) iter.Seq[int] {
	const while = 200 * time.Millisecond
	return func(yield func(int) bool) {
		var clock eventcore.SystemClock
		end := clock.Now().Add(while)
		for n := 0; n < atLeast || n < atMost && clock.Now().Before(end); n++ {
			if !yield(n) {
				return
			}
		}
	}
}

func checkOneWinner(ctx context.Context, s *subject) error {
	const writers = 8
	a := id("a")
	var winners []sent
	for round := range rounds(20, 500) {
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

func checkWriteSkew(ctx context.Context, s *subject) error {
	for round := range rounds(40, 1000) {
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

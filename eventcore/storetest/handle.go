package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func handleRules() []requirement {
	return []requirement{
		needing(rule("R-HANDLE-01", "what one handle has appended, another one reads at once",
			"Two processes share a database; one that reads from its own cache decides on the past.",
			checkHandlesRead), needsSecondHandle),
		needing(rule("R-HANDLE-02", "an append conflicts with what another handle has appended, read-only participants included",
			"Versions that a process keeps in memory do not move with the other's appends: its next one is a lost update or a false conflict.",
			checkHandlesConflict), needsSecondHandle),
		needing(rule("R-HANDLE-03", "of concurrent appends through two handles at one version exactly one is applied",
			"A mutex guards one process; two of them need the database to say who was first.",
			checkHandlesOneWinner), needsSecondHandle),
		needing(rule("R-HANDLE-04", "a cursor on either handle sees the appends of both, each once, in one order",
			"The order in which a process sees its own appends is not the order of the others'.",
			checkHandlesPoll), needsSecondHandle, needsAllReader),
		needing(rule("R-HANDLE-05", "a handle that is closed leaves the other one as it was",
			"A lock file that the first to leave removes, or a lock of the process that goes with its first file, lets two in at once.",
			checkHandlesClose), needsSecondHandle),
	}
}

// both returns the subject and another handle on its store.
func (s *subject) both(ctx context.Context) ([2]*subject, error) {
	second, err := s.secondHandle(ctx)
	return [2]*subject{s, second}, err
}

func checkHandlesRead(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	handles, err := s.both(ctx)
	if err != nil {
		return err
	}
	var batches []sent
	for n := range eventcore.Version(12) {
		// Both have read all, and so could keep it, before one of them appends.
		for i, h := range handles {
			if err := h.holds(ctx, a, batches...); err != nil {
				return fmt.Errorf("handle %d, before append %d: %w", i+1, n+1, err)
			}
		}
		batch, err := handles[n/2%2].given(ctx, writes(a, n, 1), writes(b, n*2, 2))
		if err != nil {
			return fmt.Errorf("handle %d, behind appends of both: %w", n/2%2+1, err)
		}
		batches = append(batches, batch)
		for i, h := range handles {
			if err := errors.Join(h.holds(ctx, a, batches...), h.holds(ctx, b, batches...), h.endsWith(ctx, batch)); err != nil {
				return fmt.Errorf("handle %d, after append %d through handle %d: %w", i+1, n+1, n/2%2+1, err)
			}
		}
	}
	return nil
}

// endsWith says whether the global order, where there is one, ends with a batch.
func (s *subject) endsWith(ctx context.Context, batch sent) error {
	if s.all == nil {
		return nil
	}
	all, err := s.everything(ctx)
	if err != nil {
		return err
	}
	events := batch.writes.Events()
	for i, w := range events {
		if at := len(all) - len(events) + i; at < 0 || all[at].ID != w.Event.ID {
			return fmt.Errorf("global order: got %s, want the %d events of the last batch at the end", list(all), len(events))
		}
	}
	return nil
}

func checkHandlesConflict(ctx context.Context, s *subject) error {
	handles, err := s.both(ctx)
	if err != nil {
		return err
	}
	a, b := id("a"), id("b")
	var batches []sent
	for n := range eventcore.Version(8) {
		one, other := handles[n%2], handles[1-n%2]
		batch, err := one.given(ctx, writes(a, n, 1))
		if err != nil {
			return fmt.Errorf("handle %d, behind an append of the other: %w", n%2+1, err)
		}
		batches = append(batches, batch)
		for _, parts := range [][]part{{writes(a, n, 1)}, {writes(b, 0, 1), reads(a, n)}, {reads(a, n)}, {writes(a, n+2, 1)}} {
			if _, err := other.append(ctx, parts...); refused(err) != nil {
				return fmt.Errorf("handle %d, after the other has moved %q to version %d, append %s: %w", 2-n%2, a, n+1, describe(parts), refused(err))
			}
		}
		if _, err := other.given(ctx, reads(a, n+1)); err != nil {
			return fmt.Errorf("handle %d, after the other has moved %q: %w", 2-n%2, a, err)
		}
	}
	return errors.Join(s.holds(ctx, a, batches...), s.holds(ctx, b))
}

func checkHandlesOneWinner(ctx context.Context, s *subject) error {
	const writers = 6
	handles, err := s.both(ctx)
	if err != nil {
		return err
	}
	a, b := id("a"), id("b")
	var winners []sent
	for round := range rounds(20, 200) {
		won, err := race(writers, func(i int) (sent, error) {
			parts := []part{writes(a, eventcore.Version(round), 1), writes(b, eventcore.Version(round), 1)}
			if i/2%2 == 1 {
				parts[0], parts[1] = parts[1], parts[0]
			}
			return handles[i%2].append(ctx, parts...)
		})
		if err != nil {
			return fmt.Errorf("round %d, through two handles: %w", round+1, err)
		}
		winners = append(winners, won)
	}
	for i, h := range handles {
		if err := errors.Join(h.holds(ctx, a, winners...), h.holds(ctx, b, winners...)); err != nil {
			return fmt.Errorf("handle %d: %w", i+1, err)
		}
	}
	return nil
}

// race lets appends begin together, of which one must win and the others conflict, and
// returns the one.
func race(writers int, body func(i int) (sent, error)) (sent, error) {
	batches := make([]sent, writers)
	won := make([]bool, writers)
	err := parallel(writers, func(i int) error {
		var err error
		if batches[i], err = body(i); err != nil {
			return refused(err)
		}
		won[i] = true
		return nil
	})
	if err != nil {
		return sent{}, err
	}
	var winner sent
	count := 0
	for i := range writers {
		if won[i] {
			winner = batches[i]
			count++
		}
	}
	if count != 1 {
		return sent{}, fmt.Errorf("got %d appends that succeeded, want 1 of %d", count, writers)
	}
	return winner, nil
}

func checkHandlesPoll(ctx context.Context, s *subject) error {
	const writers = 4
	handles, err := s.both(ctx)
	if err != nil {
		return err
	}
	var running atomic.Int64
	running.Store(writers)
	var appended atomic.Int64
	var polled [2][]eventcore.Recorded
	err = parallel(writers+2, func(i int) error {
		if i >= writers {
			h := i - writers
			var err error
			polled[h], err = handles[h].poll(ctx, func() bool { return running.Load() > 0 })
			return err
		}
		defer running.Add(-1)
		size := i + 1
		for n := range rounds(25, 200) {
			if _, err := handles[i%2].given(ctx, writes(id(fmt.Sprintf("w-%d", i)), eventcore.Version(n*size), size)); err != nil {
				return err
			}
			appended.Add(int64(size))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, h := range handles {
		all, err := h.everything(ctx)
		if want := int(appended.Load()); err == nil && len(all) != want {
			err = fmt.Errorf("got %d events in the end, want the %d that were appended", len(all), want)
		}
		if err = errors.Join(err, sameEvents("what a cursor saw, compared with the order in the end", polled[i], all),
			sameEvents("what the cursors on the two handles saw", polled[i], polled[0])); err != nil {
			return fmt.Errorf("handle %d: %w", i+1, err)
		}
	}
	return nil
}

func checkHandlesClose(ctx context.Context, s *subject) error {
	a := id("a")
	var batches []sent
	for n := range eventcore.Version(3) {
		handles, err := s.both(ctx)
		if err != nil {
			return err
		}
		for i, h := range handles {
			batch, err := h.given(ctx, writes(a, n*3+eventcore.Version(i), 1))
			if err != nil {
				return fmt.Errorf("handle %d: %w", i+1, err)
			}
			batches = append(batches, batch)
		}
		if err := s.closeLast(); err != nil {
			return err
		}
		batch, err := s.given(ctx, writes(a, n*3+2, 1))
		if err != nil {
			return fmt.Errorf("after the second handle was closed: %w", err)
		}
		batches = append(batches, batch)
		if err := s.holds(ctx, a, batches...); err != nil {
			return fmt.Errorf("after the second handle was closed: %w", err)
		}
	}
	return nil
}

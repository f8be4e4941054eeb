package scenarios

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Bookkeeping returns the invariants that hold in every scenario. They ask for nothing but
// the attempts of results and what became of them.
func Bookkeeping() []Invariant {
	return []Invariant{
		{"acknowledged", "an acknowledged event is in the log exactly once, unchanged, at the version it was promised", checkAcknowledged},
		{"refused", "no event of an append that was reported as not applied is in the log", checkRefused},
		{"atomic", "an append of unknown outcome is in the log as a whole or not at all", checkAtomic},
		{"known", "every event in the log was sent by an operation", checkKnown},
		{"dense", "the versions of a stream are 1, 2, 3 and so on", checkDense},
		{"global order", "the global order has the events of all streams, each stream's in its order, at growing positions", checkGlobal},
		{"observed", "no operation saw a state that no correct store can show", checkObserved},
		{"honest", "an operation returns what became of its one append that was not refused", checkHonest},
	}
}

// eachAttempt calls check with every attempt of that outcome.
func (f *Final) eachAttempt(of eventcore.Outcome, check func(events []Written) error) error {
	for i := range f.Results {
		for _, attempt := range f.Results[i].Attempts {
			if attempt.Outcome != of {
				continue
			}
			if err := check(attempt.Events); err != nil {
				return fmt.Errorf("%s was %s, but %w", f.Results[i].describe(), of, err)
			}
		}
	}
	return nil
}

func checkAcknowledged(f *Final) error {
	return f.eachAttempt(eventcore.OutcomeApplied, func(events []Written) error {
		for i := range events {
			if err := f.intact(&events[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// intact checks that an event is in the log once and as it was sent.
func (f *Final) intact(w *Written) error {
	found := f.placeOf(w.Event.ID)
	switch e := found.event; {
	case found.times != 1:
		return fmt.Errorf("event %s, to be number %d of stream %q, is in the log %d times", w.Event.ID, w.Version, w.Stream, found.times)
	case e.Stream != w.Stream || e.Version != w.Version:
		return fmt.Errorf("event %s, to be number %d of stream %q, is number %d of stream %q", w.Event.ID, w.Version, w.Stream, e.Version, e.Stream)
	case e.Type != w.Event.Type || !bytes.Equal(e.Data, w.Event.Data) || !bytes.Equal(e.Metadata, w.Event.Metadata):
		return fmt.Errorf("event %d of stream %q was sent as %s %s %s and is recorded as %s %s %s",
			e.Version, e.Stream, w.Event.Type, w.Event.Data, w.Event.Metadata, e.Type, e.Data, e.Metadata)
	default:
		return nil
	}
}

func checkRefused(f *Final) error {
	return f.eachAttempt(eventcore.OutcomeNotApplied, func(events []Written) error {
		for i := range events {
			if found := f.placeOf(events[i].Event.ID); found.times > 0 {
				return fmt.Errorf("its event %s is number %d of stream %q", events[i].Event.ID, found.event.Version, found.event.Stream)
			}
		}
		return nil
	})
}

func checkAtomic(f *Final) error {
	return f.eachAttempt(eventcore.OutcomeUnknown, func(events []Written) error {
		present := 0
		for i := range events {
			if f.placeOf(events[i].Event.ID).times == 0 {
				continue
			}
			present++
			if err := f.intact(&events[i]); err != nil {
				return err
			}
		}
		if present != 0 && present != len(events) {
			return fmt.Errorf("%d of its %d events are in the log", present, len(events))
		}
		return nil
	})
}

func checkKnown(f *Final) error {
	for _, name := range f.streams() {
		for i := range f.Streams[name] {
			if e := &f.Streams[name][i]; !f.tried(e.ID) {
				return fmt.Errorf("event %d of stream %q, %s, was sent by no operation", e.Version, name, e.ID)
			}
		}
	}
	return nil
}

func checkDense(f *Final) error {
	for _, name := range f.streams() {
		for i := range f.Streams[name] {
			e := &f.Streams[name][i]
			if e.Stream != name || e.Version != eventcore.Version(i+1) {
				return fmt.Errorf("event number %d of stream %q is recorded as event %d of stream %q", i+1, name, e.Version, e.Stream)
			}
		}
	}
	return nil
}

func checkGlobal(f *Final) error {
	if f.Global == nil {
		return nil
	}
	next := make(map[eventcore.StreamID]int, len(f.Streams))
	for i := range f.Global {
		e := &f.Global[i]
		if i > 0 && f.Global[i-1].Position.Compare(e.Position) >= 0 {
			return fmt.Errorf("event %d of stream %q has position %s behind position %s", e.Version, e.Stream, e.Position, f.Global[i-1].Position)
		}
		n, events := next[e.Stream], f.Streams[e.Stream]
		if n >= len(events) || events[n].ID != e.ID {
			return fmt.Errorf("at position %s there is event %s of stream %q, which is not the stream's event number %d", e.Position, e.ID, e.Stream, n+1)
		}
		next[e.Stream]++
	}
	for _, name := range f.streams() {
		if n := next[name]; n != len(f.Streams[name]) {
			return fmt.Errorf("of the %d events of stream %q the global order has %d", len(f.Streams[name]), name, n)
		}
	}
	return nil
}

func checkObserved(f *Final) error {
	for i := range f.Results {
		if violation, ok := errors.AsType[*Violation](f.Results[i].Err); ok {
			return fmt.Errorf("%s saw: %w", f.Results[i].describe(), violation)
		}
	}
	return nil
}

// checkHonest holds the executor to its word: only a refused append is followed by
// another, and the operation's error is that of its last append.
func checkHonest(f *Final) error {
	for i := range f.Results {
		r := &f.Results[i]
		last := len(r.Attempts) - 1
		for n, attempt := range r.Attempts {
			switch applied := attempt.Outcome == eventcore.OutcomeApplied; {
			case n < last && attempt.Outcome != eventcore.OutcomeNotApplied:
				return fmt.Errorf("%s was tried again after an attempt whose outcome was: %s", r.describe(), attempt.Outcome)
			case n == last && r.Err == nil && !applied:
				return fmt.Errorf("%s succeeded, but its last append was: %s", r.describe(), attempt.Outcome)
			case n == last && r.Err != nil && applied && !r.Cut && !isViolation(r.Err):
				return fmt.Errorf("%s was applied, but failed: %w", r.describe(), r.Err)
			}
		}
		if n := r.Executed.Attempts; r.Err == nil && n > 0 && n != len(r.Attempts) {
			return fmt.Errorf("%s returned that it made %d attempts; it made %d", r.describe(), n, len(r.Attempts))
		}
	}
	return nil
}

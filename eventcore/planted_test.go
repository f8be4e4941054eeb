package eventcore_test

import (
	"context"
	"errors"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// rewriting changes each batch on its way to the store.
type rewriting struct {
	eventcore.Store
	rewrite func(eventcore.Writes) eventcore.Writes
}

func (s rewriting) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	return s.Store.Append(ctx, s.rewrite(w))
}

// rebuilt returns the batch with the participants and events that are wanted.
func rebuilt(w eventcore.Writes, participant func(int) bool, event func(int) bool) eventcore.Writes {
	var next eventcore.Writes
	for i, p := range w.Participants() {
		if participant(i) {
			_ = next.Expect(p.Stream, p.Expected)
		}
	}
	for i, e := range w.Events() {
		if event(i) {
			_ = next.Append(w.Participants()[e.Participant].Stream, e.Event)
		}
	}
	return next
}

func all(int) bool { return true }

func onlyWritten(w eventcore.Writes) eventcore.Writes {
	return rebuilt(w, func(i int) bool { return w.Participants()[i].Events > 0 }, all)
}

// allButLast leaves the last participant out if nothing is written to it.
func allButLast(w eventcore.Writes) eventcore.Writes {
	last := len(w.Participants()) - 1
	return rebuilt(w, func(i int) bool { return i < last || w.Participants()[i].Events > 0 }, all)
}

func withoutLastEvent(w eventcore.Writes) eventcore.Writes {
	return rebuilt(w, all, func(i int) bool { return i == 0 || i < len(w.Events())-1 })
}

// forcing answers a conflict by appending the same events to the version that is there.
type forcing struct{ eventcore.Store }

func (s forcing) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	appended, err := s.Store.Append(ctx, w)
	conflict, ok := errors.AsType[*eventcore.VersionConflict](err)
	if !ok {
		return appended, err
	}
	var again eventcore.Writes
	for _, p := range w.Participants() {
		if p.Stream == conflict.Stream {
			p.Expected = conflict.Actual
		}
		_ = again.Expect(p.Stream, p.Expected)
	}
	for _, e := range w.Events() {
		_ = again.Append(w.Participants()[e.Participant].Stream, e.Event)
	}
	return s.Store.Append(ctx, again)
}

// insisting reports an unknown outcome as a conflict, which makes the executor run the
// command again.
type insisting struct{ eventcore.Store }

func (s insisting) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	appended, err := s.Store.Append(ctx, w)
	if err != nil && eventcore.OutcomeOf(err) == eventcore.OutcomeUnknown {
		return appended, conflictOn(w)
	}
	return appended, err
}

// remembering reads each stream once and then says the same again.
type remembering struct {
	eventcore.Store
	seen map[eventcore.StreamID][]eventcore.Recorded
}

func (s *remembering) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		if events, ok := s.seen[id]; ok {
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
			return
		}
		var events []eventcore.Recorded
		for e, err := range s.Store.ReadStream(ctx, id, after) {
			if err == nil {
				events = append(events, e)
			}
			if !yield(e, err) {
				return
			}
		}
		s.seen[id] = events
	}
}

// swallowing reports a conflict as a success.
type swallowing struct{ eventcore.Store }

func (s swallowing) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	appended, err := s.Store.Append(ctx, w)
	if errors.Is(err, eventcore.ErrVersionConflict) {
		return appended, nil
	}
	return appended, err
}

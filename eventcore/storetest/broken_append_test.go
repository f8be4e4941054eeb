package storetest_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// versions returns the version of each participant.
func versions(ctx context.Context, w eventcore.Writes, read readFunc) []eventcore.Version {
	var list []eventcore.Version
	for _, p := range w.Participants() {
		list = append(list, eventcore.Version(len(collect(read(ctx, p.Stream, 0)))))
	}
	return list
}

// expecting corrects expected versions that lie the wrong way, as the store sees it.
func expecting(wrong func(p eventcore.Participant, actual eventcore.Version) bool) func(*hooked) {
	return func(s *hooked) {
		var mu sync.Mutex
		inner := s.append
		s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
			mu.Lock()
			defer mu.Unlock()
			participants := slices.Clone(w.Participants())
			for i, actual := range versions(ctx, w, s.read) {
				if wrong(participants[i], actual) {
					participants[i].Expected = actual
				}
			}
			return inner(ctx, rebuilt(participants, eventsOf(w)))
		}
	}
}

func without(drop func(eventcore.Participant) bool) func(*hooked) {
	return onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
		return inner(ctx, keeping(w, func(p eventcore.Participant) bool { return !drop(p) }))
	})
}

func readOnly(p eventcore.Participant) bool { return p.Events == 0 }

// streamByStream appends a batch in one batch for each participant.
func streamByStream(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
	var result eventcore.Appended
	for _, p := range w.Participants() {
		done, err := inner(ctx, keeping(w, func(other eventcore.Participant) bool { return other.Stream == p.Stream }))
		if err != nil {
			return eventcore.Appended{}, err
		}
		result.Streams = append(result.Streams, done.Streams...)
		if !done.Last.IsZero() {
			result.Last = done.Last
		}
		time.Sleep(20 * time.Microsecond)
	}
	return result, nil
}

func brokenChecks() []broken {
	return []broken{
		{
			"accepts what is too low",
			[]string{"R-APPEND-02", "R-APPEND-17"},
			expecting(func(p eventcore.Participant, actual eventcore.Version) bool { return p.Expected < actual }),
		},
		{
			"accepts what is too high",
			[]string{"R-APPEND-04", "R-APPEND-05", "R-APPEND-11"},
			expecting(func(p eventcore.Participant, actual eventcore.Version) bool { return p.Expected > actual }),
		},
		{
			"accepts any version of a missing stream",
			[]string{"R-APPEND-05", "R-APPEND-08"},
			expecting(func(_ eventcore.Participant, actual eventcore.Version) bool { return actual == 0 }),
		},
		{"ignores read-only participants", []string{"R-APPEND-03", "R-APPEND-06", "R-APPEND-08", "R-CONC-04"}, without(readOnly)},
		{
			"ignores read-only participants that are expected to be empty",
			[]string{"R-APPEND-06", "R-CONC-04"},
			without(func(p eventcore.Participant) bool { return p.Events == 0 && p.Expected == 0 }),
		},
		{
			"takes a read-only participant for a conflict",
			[]string{"R-APPEND-07"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				if i := slices.IndexFunc(w.Participants(), readOnly); i >= 0 && len(w.Events()) > 0 {
					p := w.Participants()[i]
					return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, ActualUnknown: true}
				}
				return inner(ctx, w)
			}),
		},
		{
			"returns at once from a batch without events",
			[]string{"R-APPEND-08"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				if len(w.Events()) == 0 {
					return eventcore.Appended{}, nil
				}
				return inner(ctx, w)
			}),
		},
		{
			"blames the first participant for every conflict",
			[]string{"R-APPEND-10"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				result, err := inner(ctx, w)
				if conflict, ok := errors.AsType[*eventcore.VersionConflict](err); ok {
					conflict.Stream, conflict.Expected = w.Participants()[0].Stream, w.Participants()[0].Expected
				}
				return result, err
			}),
		},
		{
			"says of a conflict that its outcome is unknown",
			[]string{"R-APPEND-11"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				result, err := inner(ctx, w)
				if err != nil {
					err = &eventcore.StoreFailure{Operation: eventcore.OpAppend, Err: err}
				}
				return result, err
			}),
		},
		{"appends stream by stream", []string{"R-APPEND-12", "R-APPEND-17", "R-CONC-03", "R-ALL-11"}, onAppend(streamByStream)},
		{"fails after a conflict", []string{"R-APPEND-17"}, failsAfterConflict},
	}
}

// failsAfterConflict leaves an aborted transaction on the connection.
func failsAfterConflict(s *hooked) {
	inner, aborted := s.append, false
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		if aborted {
			aborted = false
			return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: errors.New("transaction is aborted")}
		}
		result, err := inner(ctx, w)
		aborted = err != nil
		return result, err
	}
}

// result changes the result of an append.
func result(change func(w eventcore.Writes, result *eventcore.Appended)) func(*hooked) {
	return onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
		result, err := inner(ctx, w)
		if err == nil {
			change(w, &result)
		}
		return result, err
	})
}

// reordered changes the order of the events of a batch.
func reordered(change func(events []event)) func(*hooked) {
	return onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
		events := eventsOf(w)
		change(events)
		return inner(ctx, rebuilt(w.Participants(), events))
	})
}

func brokenBatches() []broken {
	return []broken{
		{"counts versions from 0", []string{"R-APPEND-01"}, eachRead(func(e *eventcore.Recorded) bool {
			e.Version--
			return true
		})},
		{"returns the versions of an empty batch", []string{"R-APPEND-09"}, result(func(w eventcore.Writes, result *eventcore.Appended) {
			for _, p := range w.Participants() {
				if len(w.Events()) == 0 {
					result.Streams = append(result.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: p.Expected})
				}
			}
		})},
		{
			"appends to the first stream of a batch only",
			[]string{"R-APPEND-13"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				events := eventsOf(w)
				return inner(ctx, rebuilt(w.Participants(), slices.DeleteFunc(events, func(e event) bool { return e.to != events[0].to })))
			}),
		},
		{"appends a batch backwards", []string{"R-APPEND-14", "R-ALL-05"}, reordered(slices.Reverse[[]event])},
		{"sorts a batch by stream", []string{"R-ALL-05"}, reordered(func(events []event) {
			slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.to.String(), b.to.String()) })
		})},
		{"returns versions in the order of names", []string{"R-APPEND-15"}, result(func(_ eventcore.Writes, result *eventcore.Appended) {
			slices.SortFunc(result.Streams, func(a, b eventcore.StreamVersion) int { return strings.Compare(a.Stream.String(), b.Stream.String()) })
		})},
		{"returns the position of the first event", []string{"R-APPEND-16"}, result(func(w eventcore.Writes, result *eventcore.Appended) {
			_, lo := result.Last.Parts()
			result.Last = eventcore.NewPosition(0, lo+1-uint64(len(w.Events())))
		})},
		{
			"has a limit of parameters",
			[]string{"R-APPEND-18"},
			onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
				if len(w.Events())*7 > 32766 {
					return eventcore.Appended{}, errors.New("too many SQL variables")
				}
				return inner(ctx, w)
			}),
		},
		{"sorts the caller's participants", []string{"R-APPEND-19"}, result(func(w eventcore.Writes, _ *eventcore.Appended) {
			slices.SortFunc(w.Participants(), func(a, b eventcore.Participant) int { return strings.Compare(a.Stream.String(), b.Stream.String()) })
		})},
		{"keeps the caller's data", []string{"R-APPEND-20"}, keepsData},
	}
}

func keepsData(s *hooked) {
	inner, read := s.append, s.read
	var kept sync.Map // EventID → data
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		for _, e := range w.Events() {
			kept.Store(e.Event.ID, e.Event.Data)
		}
		return inner(ctx, w)
	}
	s.read = func(ctx context.Context, id eventcore.StreamID, after eventcore.Version) seq {
		return each(read(ctx, id, after), func(e *eventcore.Recorded) bool {
			data, _ := kept.Load(e.ID)
			e.Data = data.(json.RawMessage)
			return true
		})
	}
}

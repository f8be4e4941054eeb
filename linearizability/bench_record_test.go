package linearizability_test

import (
	"context"
	"iter"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// frozen costs next to nothing itself: what is left to measure is the recorder.
type frozen struct {
	events   []eventcore.Recorded
	appended eventcore.Appended
}

func (s *frozen) Append(context.Context, eventcore.Writes) (eventcore.Appended, error) {
	return s.appended, nil
}

func (s *frozen) ReadStream(context.Context, eventcore.StreamID, eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return s.all
}

func (s *frozen) all(yield func(eventcore.Recorded, error) bool) {
	for i := range s.events {
		if !yield(s.events[i], nil) {
			return
		}
	}
}

func benchStore(b *testing.B) (*frozen, eventcore.Writes) {
	b.Helper()
	id := eventcore.MustStreamID("account-1")
	s := &frozen{appended: eventcore.Appended{Streams: []eventcore.StreamVersion{{Stream: id, Version: 2}}}}
	for v := range 10 {
		s.events = append(s.events, eventcore.Recorded{ID: eventID(v + 1), Stream: id, Version: eventcore.Version(v + 1)})
	}
	var w eventcore.Writes
	if err := w.Expect(id, 0); err != nil {
		b.Fatal(err)
	}
	for n := range 2 {
		if err := w.Append(id, eventcore.Proposed{ID: eventID(100 + n), Type: "t", Data: []byte(`{}`)}); err != nil {
			b.Fatal(err)
		}
	}
	return s, w
}

// runLength is the number of calls after which a benchmark begins another run.
const runLength = 1 << 8

func BenchmarkRecordAppend(b *testing.B) {
	inner, writes := benchStore(b)
	for _, wrapped := range []bool{false, true} {
		b.Run(map[bool]string{false: "bare", true: "recorded"}[wrapped], func(b *testing.B) {
			recorder := linearizability.NewRecorder(1)
			store := eventcore.Store(inner)
			if wrapped {
				store = recorder.Wrap(0, inner)
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%runLength == 0 {
					recorder.Reset()
				}
				if _, err := store.Append(b.Context(), writes); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRecordReadOfTenEvents(b *testing.B) {
	inner, _ := benchStore(b)
	id := eventcore.MustStreamID("account-1")
	for _, wrapped := range []bool{false, true} {
		b.Run(map[bool]string{false: "bare", true: "recorded"}[wrapped], func(b *testing.B) {
			recorder := linearizability.NewRecorder(1)
			store := eventcore.Store(inner)
			if wrapped {
				store = recorder.Wrap(0, inner)
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%runLength == 0 {
					recorder.Reset()
				}
				for _, err := range store.ReadStream(b.Context(), id, 0) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

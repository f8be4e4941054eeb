package eventcore_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// trial is one command with what goes wrong in its appends and reads.
type trial struct {
	declared  []string
	discovers bool
	refuses   bool
	emits     [][]string
	retries   int
	// faults has one fault for each attempt: "", "race STREAM ITEM", "not applied",
	// "unknown and lost", "unknown but applied" or "read NTH".
	faults []string
}

func (tr trial) refusal(order []string) string {
	if tr.refuses {
		return "business rule"
	}
	for _, emit := range tr.emits {
		if !slices.Contains(order, emit[0]) {
			return "UndeclaredStream"
		}
	}
	return ""
}

var modelStreams = []string{"a", "b", "c", "d", "e"}

// trials draws commands over a few streams that link to one another.
func trials() *rapid.Generator[[]trial] {
	stream := rapid.SampledFrom(modelStreams)
	item := rapid.OneOf(rapid.SampledFrom([]string{"1", "2", "3"}), rapid.Map(stream, func(s string) string { return "->" + s }))
	race := rapid.Custom(func(t *rapid.T) string {
		return "race " + stream.Draw(t, "stream") + " " + item.Draw(t, "item")
	})
	fault := rapid.OneOf(
		race, race, race, rapid.Just(""),
		rapid.SampledFrom([]string{"not applied", "unknown and lost", "unknown but applied", "read 1", "read 2", "read 3"}),
	)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) trial {
		tr := trial{
			declared:  rapid.SliceOfNDistinct(stream, 1, 3, rapid.ID).Draw(t, "declared"),
			discovers: rapid.Bool().Draw(t, "discovers"),
			refuses:   rapid.IntRange(0, 9).Draw(t, "refuses") == 0,
			retries:   rapid.IntRange(0, 3).Draw(t, "retries"),
			faults:    rapid.SliceOfN(fault, 0, 4).Draw(t, "faults"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "emits") {
			to := rapid.OneOf(rapid.SampledFrom(tr.declared), rapid.SampledFrom(tr.declared), stream).Draw(t, "to")
			tr.emits = append(tr.emits, []string{to, rapid.OneOf(rapid.Just("sum"), rapid.SampledFrom([]string{"1", "2"})).Draw(t, "n")})
		}
		return tr
	}), 1, 12)
}

// execute runs the trial and describes what it came to.
func (tr trial) execute(t *testing.T, ids eventcore.IDGenerator, inner eventcore.Store, wrap func(eventcore.Store) eventcore.Store) (expectation, error) {
	t.Helper()
	s := parseScript(t, "")
	s.declared, s.emits, s.discovers, s.refuses = [][]string{tr.declared}, tr.emits, tr.discovers, tr.refuses
	faulty := &faultyStore{Store: inner, t: t, ids: ids, faults: tr.faults}
	executed, err := eventcore.Execute(t.Context(), wrap(faulty), s.command(), append(s.options,
		eventcore.WithIDs(ids), eventcore.WithClock(newVirtualClock()), eventcore.WithRetry(eventcore.Fixed(1, tr.retries)))...)
	got := expectation{outcome: executed.Outcome, attempts: executed.Attempts}
	for _, at := range executed.Read {
		got.read = append(got.read, fmt.Sprintf("%s@%d", at.Stream, at.Version))
	}
	for _, at := range executed.Appended.Streams {
		got.appended = append(got.appended, fmt.Sprintf("%s@%d", at.Stream, at.Version))
	}
	if err != nil {
		got.failure = "other"
		if found := kinds(err); len(found) > 0 {
			got.failure = found[0]
		}
	}
	if got.failure == "script's cause" {
		got.failure = "StoreFailure"
	}
	return got, err
}

// faultyStore does what the faults of a trial say.
type faultyStore struct {
	eventcore.Store
	t       *testing.T
	ids     eventcore.IDGenerator
	faults  []string
	attempt int
	reads   int
}

func (s *faultyStore) fault() string {
	if s.attempt < len(s.faults) {
		return s.faults[s.attempt]
	}
	return ""
}

func (s *faultyStore) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	fault := s.fault()
	s.attempt++
	s.reads = 0
	unknown := &eventcore.StoreFailure{Operation: eventcore.OpAppend, Err: errScript}
	switch words := strings.Fields(fault); {
	case fault == "not applied":
		return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: errScript}
	case fault == "unknown and lost":
		return eventcore.Appended{}, unknown
	case fault == "unknown but applied":
		_, err := s.Store.Append(ctx, w)
		return eventcore.Appended{}, errors.Join(unknown, err)
	case len(words) > 0 && words[0] == "race":
		id := eventcore.MustStreamID(words[1])
		if target, link := strings.CutPrefix(words[2], "->"); link {
			record(s.t, ctx, s.Store, s.ids, id, "linked", `{"to":"`+target+`"}`)
		} else {
			record(s.t, ctx, s.Store, s.ids, id, "added", `{"n":`+words[2]+`}`)
		}
	}
	return s.Store.Append(ctx, w)
}

// ReadStream fails at the read that the fault of this attempt names.
func (s *faultyStore) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	s.reads++
	if s.fault() != fmt.Sprintf("read %d", s.reads) {
		return s.Store.ReadStream(ctx, id, after)
	}
	return func(yield func(eventcore.Recorded, error) bool) {
		yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: eventcore.OpReadStream, Err: errScript})
	}
}

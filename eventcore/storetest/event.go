package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func eventRules() []requirement {
	return []requirement{
		rule("R-EVENT-01", "an event is read back with its ID, stream, version and type",
			"These are what a consumer tells events apart by; a store that makes its own ID breaks the search for an event after an unknown outcome.",
			checkIdentity),
		rule("R-EVENT-02", "data is read back byte for byte",
			"Signatures and hashes are made over bytes; numbers lose digits when JSON is parsed and written again.",
			checkData),
		rule("R-EVENT-03", "metadata is read back byte for byte",
			"It carries correlation and causation IDs, and whatever a caller signs.",
			checkMetadata),
		rule("R-EVENT-04", "metadata may be empty and stays so",
			"A reader must tell an event without metadata from one with metadata such as null or {}.",
			checkNoMetadata),
		rule("R-EVENT-05", "the recorded time is set and in UTC",
			"Events of stores in different zones are shown side by side.",
			checkRecordedAt),
		rule("R-EVENT-06", "a type name is any text",
			"It is the codec's business what names look like; one changed in case or length decodes to nothing.",
			checkTypeNames),
		rule("R-EVENT-07", "data may be a megabyte long",
			"A column or buffer of fixed size cuts it off, and what is cut off is lost for ever.",
			checkLongData),
		rule("R-EVENT-08", "a reader may keep the slices of an event for as long as it likes",
			"A buffer used for the next event changes those that a projection holds on to.",
			checkSlicesKept),
		rule("R-EVENT-09", "an event is the same in every read",
			"Events are facts: recorded time and position belong to them as much as their data.",
			checkSameEachTime),
		rule("R-EVENT-10", "metadata may be a megabyte long, beside data as long",
			"A header of fixed size, or a row that both must fit in, cuts off or refuses what the caller was promised to get back.",
			checkLongMetadata),
	}
}

// roundTrip appends events to one stream and returns what is read back.
func (s *subject) roundTrip(ctx context.Context, events ...eventcore.Proposed) ([]eventcore.Recorded, error) {
	a := id("a")
	w, err := s.batch(reads(a, 0))
	if err = errors.Join(err, w.Append(a, events...)); err != nil {
		return nil, err
	}
	if _, err := s.store.Append(ctx, w); err != nil {
		return nil, fmt.Errorf("append %d events: %w", len(events), err)
	}
	got, err := s.read(ctx, a, 0)
	if err == nil && len(got) != len(events) {
		err = fmt.Errorf("got %d events, want the %d appended ones", len(got), len(events))
	}
	return got, err
}

func checkIdentity(ctx context.Context, s *subject) error {
	events := []eventcore.Proposed{s.event(`1`), s.event(`2`), s.event(`3`)}
	events[1].Type, events[2].ID = "storetest.other", eventcore.EventID{0: 0xff, 5: 0x80, 15: 1}
	got, err := s.roundTrip(ctx, events...)
	if err != nil {
		return err
	}
	for i, e := range got {
		version := eventcore.Version(i + 1)
		if want := events[i]; e.ID != want.ID || e.Type != want.Type || e.Version != version || e.Stream != id("a") {
			return fmt.Errorf("got event %s of type %q, version %d of %q; want %s, %q, %d, %q",
				e.ID, e.Type, e.Version, e.Stream, want.ID, want.Type, version, id("a"))
		}
	}
	return nil
}

// awkwardJSON has values that do not survive being parsed and written again.
func awkwardJSON() []string {
	return []string{
		`{}`, `null`, `true`, `""`, `[]`, `0`, `-0`, `1.0`, `1e2`, `12345678901234567890.12345678901234567890`,
		` { "b" : 1 ,` + "\n\t" + `"a" : 2 } `, `{"a":1,"a":2}`, `"\u00e9 é \ud83d\ude00 \/ / <>&"`, `"\u0000"`,
		`{"quote":"' \" \\ ; -- %s $1 ?"}`,
	}
}

func checkData(ctx context.Context, s *subject) error {
	var events []eventcore.Proposed
	for _, data := range awkwardJSON() {
		events = append(events, s.event(data))
	}
	got, err := s.roundTrip(ctx, events...)
	if err != nil {
		return err
	}
	for i := range got {
		if !bytes.Equal(got[i].Data, events[i].Data) {
			return fmt.Errorf("got data %q, want %q", got[i].Data, events[i].Data)
		}
	}
	return nil
}

func checkMetadata(ctx context.Context, s *subject) error {
	var events []eventcore.Proposed
	for _, metadata := range awkwardJSON() {
		e := s.event(`{}`)
		e.Metadata = json.RawMessage(metadata)
		events = append(events, e)
	}
	got, err := s.roundTrip(ctx, events...)
	if err != nil {
		return err
	}
	for i := range got {
		if !bytes.Equal(got[i].Metadata, events[i].Metadata) {
			return fmt.Errorf("got metadata %q, want %q", got[i].Metadata, events[i].Metadata)
		}
	}
	return nil
}

func checkNoMetadata(ctx context.Context, s *subject) error {
	events := []eventcore.Proposed{s.event(`1`), s.event(`2`), s.event(`3`)}
	events[0].Metadata, events[1].Metadata = json.RawMessage(`{"by":"me"}`), json.RawMessage{}
	got, err := s.roundTrip(ctx, events...)
	if err != nil {
		return err
	}
	for _, e := range got[1:] {
		if len(e.Metadata) != 0 {
			return fmt.Errorf("got metadata %q for an event without, want none", e.Metadata)
		}
	}
	return nil
}

func checkRecordedAt(ctx context.Context, s *subject) error {
	got, err := s.roundTrip(ctx, s.event(`1`), s.event(`2`))
	if err != nil {
		return err
	}
	for _, e := range got {
		if e.RecordedAt.IsZero() || e.RecordedAt.Location() != time.UTC {
			return fmt.Errorf("got recorded time %v in zone %q, want one that is set, in UTC", e.RecordedAt, e.RecordedAt.Location())
		}
	}
	return nil
}

func checkTypeNames(ctx context.Context, s *subject) error {
	names := []string{
		"Deposited", "deposited", "DEPOSITED", "bank.account/opened@v2", " spaced ", "größe", "gro\u0308ße", "it's", `a"b\c`, "100%_",
		strings.Repeat("long", 100),
	}
	var events []eventcore.Proposed
	for _, name := range names {
		e := s.event(`{}`)
		e.Type = name
		events = append(events, e)
	}
	got, err := s.roundTrip(ctx, events...)
	if err != nil {
		return err
	}
	for i := range got {
		if got[i].Type != names[i] {
			return fmt.Errorf("got type %q, want %q", got[i].Type, names[i])
		}
	}
	return nil
}

func checkLongData(ctx context.Context, s *subject) error {
	long := `{"text":"` + strings.Repeat("0123456789abcdef", 1<<16) + `"}`
	got, err := s.roundTrip(ctx, s.event(`1`), s.event(long), s.event(`2`))
	if err != nil {
		return err
	}
	if string(got[1].Data) != long {
		return fmt.Errorf("got %d bytes of data, want the %d bytes that were appended", len(got[1].Data), len(long))
	}
	return nil
}

func checkSlicesKept(ctx context.Context, s *subject) error {
	const count = 50
	var events []eventcore.Proposed
	for n := range count {
		e := s.event(fmt.Sprintf(`{"n":%d}`, n))
		e.Metadata = json.RawMessage(fmt.Sprintf(`{"m":%d}`, n))
		events = append(events, e)
	}
	kept, err := s.roundTrip(ctx, events...)
	if err != nil {
		return err
	}
	// What is read and written later must not reach into what was read before.
	if _, err := s.read(ctx, id("a"), 0); err != nil {
		return err
	}
	if _, err := s.given(ctx, writes(id("a"), count, count)); err != nil {
		return err
	}
	for i := range kept {
		if !bytes.Equal(kept[i].Data, events[i].Data) || !bytes.Equal(kept[i].Metadata, events[i].Metadata) {
			return fmt.Errorf("event %d: its data is now %s and its metadata %s, want %s and %s as when it was read",
				i+1, kept[i].Data, kept[i].Metadata, events[i].Data, events[i].Metadata)
		}
	}
	return nil
}

func checkSameEachTime(ctx context.Context, s *subject) error {
	first, err := s.roundTrip(ctx, s.event(`1`), s.event(`2`), s.event(`3`))
	if err != nil {
		return err
	}
	if _, err := s.given(ctx, writes(id("a"), 3, 2), writes(id("b"), 0, 1)); err != nil {
		return err
	}
	again, err := s.read(ctx, id("a"), 0)
	if err != nil {
		return err
	}
	if len(again) < len(first) {
		return fmt.Errorf("got %d events in the second read, want at least the %d of the first", len(again), len(first))
	}
	for i := range first {
		if err := equal(&again[i], &first[i]); err != nil {
			return fmt.Errorf("event %d in the second read: %w", i+1, err)
		}
	}
	return nil
}

// equal compares all fields of two events that ought to be the same one.
func equal(got, want *eventcore.Recorded) error {
	if got.ID != want.ID || got.Stream != want.Stream || got.Version != want.Version || got.Type != want.Type ||
		!bytes.Equal(got.Data, want.Data) || !bytes.Equal(got.Metadata, want.Metadata) ||
		!got.RecordedAt.Equal(want.RecordedAt) || got.Position != want.Position {
		return fmt.Errorf("got %s, want %s", show(got), show(want))
	}
	return nil
}

func show(e *eventcore.Recorded) string {
	return fmt.Sprintf("event %s, version %d of %q, type %q, data %.40q, metadata %.40q, recorded at %v, position %s",
		e.ID, e.Version, e.Stream, e.Type, e.Data, e.Metadata, e.RecordedAt, e.Position)
}

// Package filtertest checks that a store's ReadAll selects what the filter of the contract
// does, for the tests of this module. Most filters are made out of streams that are there:
// one that selects nothing finds no event that is missed.
package filtertest

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/ledger"
)

// Store is what is read.
type Store interface {
	eventcore.Store
	eventcore.AllReader
}

// alphabet has what means something in a pattern, in SQL's LIKE and GLOB, or at the edges
// of UTF-8.
func alphabet() []string {
	return []string{
		"a", "b", "A", "%", "_", "/", "-", "!", "^", `\`, "'", "ä", "日", "1",
		"\ud7ff", "\ue000", "\ufffd", "\ufffe", "\U0010ffff",
	}
}

// special has what stands for other characters, or does not although it looks like that.
func special() []string {
	return []string{
		"*", "?", "[ab]", "[!a]", "[a-b]", "[^a]", "[]a]", "[!]]", "[-a]", "[%_]", "[\ufffd]", "[日-本]", "]", "[!^]", "\x00", "*a*a*a*a*a",
	}
}

// log is what was appended to a store.
type log struct {
	store    Store
	versions map[eventcore.StreamID]eventcore.Version
	all      []eventcore.Recorded // with what a filter needs
	names    []string
	// selective counts filters by stream that selected something.
	selective int
}

// Agree appends to the store, which is empty, and compares what it selects with what the
// filter of the contract does.
func Agree(t *testing.T, s Store) {
	t.Helper()
	l := &log{store: s, versions: map[eventcore.StreamID]eventcore.Version{}}
	l.literals(t)
	filters := 0
	rapid.Check(t, func(r *rapid.T) {
		for range 3 {
			l.add(t, r)
		}
		for range filtersACheck {
			filters++
			l.check(t, r)
		}
	})
	// A quarter does; it takes a broken generator to miss so much.
	if l.selective < filters/20 && !t.Failed() {
		t.Errorf("%d of %d filters by stream selected something: the test is too weak", l.selective, filters)
	}
}

// filtersACheck makes the filters of a short run so many that it is no accident when few of
// them select something.
const filtersACheck = 5

// check compares what a filter selects.
func (l *log) check(t *testing.T, r *rapid.T) {
	t.Helper()
	filter := l.filter(t, r)
	filter.Types = rapid.SliceOfN(rapid.SampledFrom([]string{"x", "X", "x%", "none", "\xff"}), 0, 3).Draw(r, "types")
	after := rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64Range(0, uint64(len(l.all)))).Draw(r, "after")
	limit := rapid.IntRange(0, 5).Draw(r, "limit")
	got, want := ledger.Page(t, l.store, filter, after, limit), l.selected(filter, after, limit)
	if !slices.Equal(got, want) {
		r.Fatalf("prefix %q, pattern %q: got the positions %d, want %d", filter.Prefix, filter.Pattern, got, want)
	}
	if len(want) > 0 && (!filter.Prefix.IsZero() || !filter.Pattern.IsZero()) {
		l.selective++
	}
}

// literals looks for each character between others, one of which a pattern leaves open.
func (l *log) literals(t *testing.T) {
	t.Helper()
	for _, c := range alphabet() {
		id := eventcore.MustStreamID("a" + c + "b")
		ledger.Append(t, l.store, 0, 1, id)
		l.versions[id] = 1
		l.all, l.names = append(l.all, eventcore.Recorded{Stream: id, Type: "deposited"}), append(l.names, id.String())
	}
	for _, c := range alphabet() {
		for _, glob := range []string{"?" + c + "b", "a" + c + "?", "*" + c + "b"} {
			filter := eventcore.Filter{Pattern: ledger.Pattern(t, glob)}
			if got, want := ledger.Page(t, l.store, filter, 0, 0), l.selected(filter, 0, 0); !slices.Equal(got, want) {
				t.Fatalf("pattern %q: got the positions %d, want %d", glob, got, want)
			}
		}
	}
}

// add appends a few events to a stream.
func (l *log) add(t *testing.T, r *rapid.T) {
	t.Helper()
	name := drawn(r, "stream", alphabet())
	id, err := eventcore.ParseStreamID(name)
	if err != nil {
		r.Fatal(err)
	}
	var w eventcore.Writes
	if err := w.Expect(id, l.versions[id]); err != nil {
		r.Fatal(err)
	}
	for _, kind := range rapid.SliceOfN(rapid.SampledFrom([]string{"x", "X", "x%", "y"}), 1, 3).Draw(r, "types") {
		if err := w.Append(id, ledger.Event(kind, "1")); err != nil {
			r.Fatal(err)
		}
		l.versions[id]++
		l.all = append(l.all, eventcore.Recorded{Stream: id, Type: kind})
	}
	l.names = append(l.names, name)
	if _, err := l.store.Append(t.Context(), w); err != nil {
		r.Fatal(err)
	}
}

// drawn returns a text of some of the pieces.
func drawn(r *rapid.T, name string, pieces []string) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 6).Draw(r, name), "")
}

// filter draws a filter by stream.
func (l *log) filter(t *testing.T, r *rapid.T) (filter eventcore.Filter) {
	t.Helper()
	there := []rune(rapid.SampledFrom(l.names).Draw(r, "a stream that is there"))
	if rapid.Bool().Draw(r, "by prefix") {
		text := string(there[:rapid.IntRange(1, len(there)).Draw(r, "length of the prefix")])
		if rapid.IntRange(0, 3).Draw(r, "any prefix") == 0 {
			text = drawn(r, "prefix", alphabet())
		}
		filter.Prefix = ledger.Prefix(t, text)
	}
	if rapid.Bool().Draw(r, "by pattern") {
		text := pattern(r, there)
		if rapid.IntRange(0, 3).Draw(r, "any pattern") == 0 {
			text = drawn(r, "pattern", append(alphabet(), special()...))
		}
		filter.Pattern = ledger.Pattern(t, text)
	}
	return filter
}

// pattern makes a pattern out of a stream, of which some characters stay as they are.
func pattern(r *rapid.T, stream []rune) string {
	var b strings.Builder
	for _, c := range stream {
		switch rapid.IntRange(0, 5).Draw(r, "stands for a character") {
		case 0:
			b.WriteByte('*')
		case 1:
			b.WriteByte('?')
		case 2:
			b.WriteString("[!z]")
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// selected returns the positions that the filter of the contract selects.
func (l *log) selected(filter eventcore.Filter, after uint64, limit int) (want []uint64) {
	for i := range l.all {
		at := uint64(i + 1)
		if at > after && filter.Match(l.all[i].Stream, l.all[i].Type) && (limit == 0 || len(want) < limit) {
			want = append(want, at)
		}
	}
	return want
}

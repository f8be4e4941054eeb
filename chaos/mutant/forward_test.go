package mutant_test

import (
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// step is a part of the program below that shows the bug of one mutant, and of no
// other.
type step struct {
	shows string
	run   func(p *recording)
}

func steps(t testing.TB) []step {
	x := unpicked(t, "x")
	return []step{
		{"", func(p *recording) {
			p.append("a@0 " + x)
			p.append("b@0 "+unpicked(t, "b"), "a@1")
			p.append("a@0 " + unpicked(t, "refused"))
			p.append("c@0 "+unpicked(t, "c"), "d@0 d1")
			p.append("d@0 d2", "c@1")
			p.append("a@1", "missing@0")
			p.append()
			for _, id := range []string{"a", "b", "missing"} {
				p.read(p.store.ReadStream(t.Context(), eventcore.MustStreamID(id), 0))
			}
			prefix, err := eventcore.ParseStreamPrefix("b")
			require.NoError(t, err)
			all := p.store.(eventcore.AllReader)
			for _, limit := range []int{-1, 0, 3, 100} {
				p.read(all.ReadAll(t.Context(), eventcore.Filter{}, eventcore.NewPosition(0, 1), limit))
				p.read(all.ReadAll(t.Context(), eventcore.Filter{Prefix: prefix}, eventcore.Position{}, limit))
			}
		}},
		{"unchecked-participant", func(p *recording) { p.append("a@0", "e@0 "+unpicked(t, "e")) }},
		{"partial-conflict", func(p *recording) {
			p.append("f@0 "+unpicked(t, "f"), "a@0 late")
			p.read(p.store.ReadStream(t.Context(), eventcore.MustStreamID("f"), 0))
		}},
		{"reordered-batch", func(p *recording) {
			p.append("g@0 " + unpicked(t, "g") + " g2")
			p.read(p.store.ReadStream(t.Context(), eventcore.MustStreamID("g"), 0))
		}},
		{"early-end", func(p *recording) {
			for i := range 9 {
				p.append(fmt.Sprintf("h@%d %s", i, unpicked(t, fmt.Sprintf("h%d", i))))
			}
			p.read(p.store.ReadStream(t.Context(), eventcore.MustStreamID("h"), 0))
		}},
		{"after-off-by-one", func(p *recording) {
			p.read(p.store.ReadStream(t.Context(), eventcore.MustStreamID("a"), 1))
		}},
		{"stale-read", func(p *recording) {
			p.append("i@0 " + unpicked(t, "i1"))
			for range 3 {
				p.read(p.store.ReadStream(t.Context(), eventcore.MustStreamID("i"), 0))
			}
			p.append("i@1 " + unpicked(t, "i2"))
			p.read(p.store.ReadStream(t.Context(), eventcore.MustStreamID("i"), 0))
		}},
		{"lost-append", func(p *recording) {
			p.append("j@0 " + picked(t, "lost-append"))
			p.read(p.store.ReadStream(t.Context(), eventcore.MustStreamID("j"), 0))
		}},
		{"false-conflict", func(p *recording) { p.append("k@0 " + picked(t, "false-conflict")) }},
	}
}

// recording is a store and all that it answered.
type recording struct {
	t     testing.TB
	store eventcore.Store
	// hideVersions leaves the versions in the results of appends out.
	hideVersions bool
	lines        []string
}

func (p *recording) append(items ...string) {
	result, err := p.store.Append(p.t.Context(), batch(p.t, items...))
	if p.hideVersions {
		result.Streams = nil
	}
	p.lines = append(p.lines, fmt.Sprintf("append %v: %v %v %v", items, result.Streams, result.Last, err))
}

func (p *recording) read(seq iter.Seq2[eventcore.Recorded, error]) {
	line := "read:"
	for event, err := range seq {
		line += fmt.Sprintf(" %s %s %d %s %v;", event.Data, event.Stream, event.Version, event.Position, err)
	}
	p.lines = append(p.lines, line)
}

// program runs all steps but those that show the bug of skip.
func program(t testing.TB, store eventcore.Store, skip string) []string {
	p := &recording{t: t, store: store, hideVersions: skip == "wrong-version-result"}
	for _, s := range steps(t) {
		if s.shows == "" || s.shows != skip {
			s.run(p)
		}
	}
	return p.lines
}

func TestApartFromItsBugAMutantIsTheStore(t *testing.T) {
	for _, m := range mutant.All() {
		t.Run(m.Name, func(t *testing.T) {
			require.Equal(t, program(t, newFake(), m.Name), program(t, m.Wrap(newFake()), m.Name))
		})
	}
}

// With the steps that the test above leaves out, it would fail.
func TestTheProgramShowsTheBugsThatNeedNoFaultsOrWindows(t *testing.T) {
	needs := map[string]string{
		"torn-append": "a window", "check-outside-lock": "a window", "cursor-skip": "a window",
		"duplicate-append": "faults", "unknown-as-not-applied": "faults", "swallowed-decode-error": "faults",
	}
	for _, m := range mutant.All() {
		t.Run(m.Name, func(t *testing.T) {
			want, got := program(t, newFake(), ""), program(t, m.Wrap(newFake()), "")
			if needs[m.Name] != "" {
				require.Equal(t, want, got, "without %s it is the store", needs[m.Name])
				return
			}
			require.NotEqual(t, want, got)
		})
	}
}

func TestAMutantCanBeReadInPart(t *testing.T) {
	for _, m := range mutant.All() {
		inner := newFake()
		mustAppend(t, inner, "a@0 a1 a2 a3")
		store := m.Wrap(inner)
		for range 5 {
			for event, err := range store.ReadStream(t.Context(), eventcore.MustStreamID("a"), 0) {
				require.NoError(t, err)
				require.Equal(t, eventcore.Version(1), event.Version, m.Name)
				break
			}
			for range store.(eventcore.AllReader).ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 3) {
				break
			}
		}
	}
}

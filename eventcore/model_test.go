package eventcore_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// model is what executing commands one after the other means, written down without
// machine, store, codec or laziness: streams are lists of items, as in a [script].
type model map[string][]string

// expectation is what one execution must come to.
type expectation struct {
	failure  string // the kind of the error, as [kinds] names it; "" for none
	outcome  eventcore.Outcome
	attempts int
	read     []string // stream@version
	appended []string
}

// execute changes the model as the trial does and says what it comes to.
func (m model) execute(tr trial) expectation {
	for attempt := 1; ; attempt++ {
		fault := ""
		if attempt <= len(tr.faults) {
			fault = tr.faults[attempt-1]
		}
		order, sum := m.fold(tr)
		var nth int
		if _, err := fmt.Sscanf(fault, "read %d", &nth); err == nil && nth <= len(order) {
			return expectation{"StoreFailure", eventcore.OutcomeNotApplied, attempt, m.versions(order[:nth-1]), nil}
		}
		want := expectation{"", eventcore.OutcomeApplied, attempt, m.versions(order), nil}
		if refusal := tr.refusal(order); refusal != "" {
			want.failure, want.outcome = refusal, eventcore.OutcomeNotApplied
			return want
		}
		var stream, item string
		if _, err := fmt.Sscanf(fault, "race %s %s", &stream, &item); err == nil {
			m[stream] = append(m[stream], item)
			if slices.Contains(order, stream) {
				if attempt <= tr.retries {
					continue
				}
				want.failure, want.outcome = "ErrVersionConflict", eventcore.OutcomeNotApplied
				return want
			}
		}
		switch fault {
		case "not applied":
			want.failure, want.outcome = "StoreFailure", eventcore.OutcomeNotApplied
			return want
		case "unknown and lost", "unknown but applied":
			want.failure, want.outcome = "StoreFailure", eventcore.OutcomeUnknown
			if fault == "unknown but applied" {
				m.apply(tr, sum)
			}
			return want
		}
		m.apply(tr, sum)
		for _, stream := range order {
			if slices.ContainsFunc(tr.emits, func(e []string) bool { return e[0] == stream }) {
				want.appended = append(want.appended, m.versions([]string{stream})...)
			}
		}
		return want
	}
}

// fold returns the streams in the order of reading and the sum of the numbers in them.
func (m model) fold(tr trial) (order []string, sum int) {
	order = slices.Clone(tr.declared)
	for read := 0; read < len(order); {
		var links []string
		for ; read < len(order); read++ {
			for _, item := range m[order[read]] {
				if target, link := strings.CutPrefix(item, "->"); link {
					links = append(links, target)
					continue
				}
				var n int
				_, _ = fmt.Sscan(item, &n)
				sum += n
			}
		}
		for _, link := range links {
			if tr.discovers && !slices.Contains(order, link) {
				order = append(order, link)
			}
		}
	}
	return order, sum
}

func (m model) apply(tr trial, sum int) {
	for _, emit := range tr.emits {
		item := emit[1]
		if item == "sum" {
			item = fmt.Sprint(sum)
		}
		m[emit[0]] = append(m[emit[0]], item)
	}
}

func (m model) versions(streams []string) []string {
	var all []string
	for _, s := range streams {
		all = append(all, fmt.Sprintf("%s@%d", s, len(m[s])))
	}
	return all
}

// compare executes trials on a store and on the model and tells where they differ.
// wrap comes between the executor and the store.
func compare(t *testing.T, program []trial, wrap func(eventcore.Store) eventcore.Store) error {
	t.Helper()
	m, inner := model{}, memory.New(memory.Config{})
	ids := newIDs()
	// Links are there from the beginning, or discovery would have little to do.
	for stream, link := range map[string]string{"a": "b", "b": "c", "c": "a"} {
		m[stream] = append(m[stream], "->"+link)
		record(t, t.Context(), inner, ids, eventcore.MustStreamID(stream), "linked", `{"to":"`+link+`"}`)
	}
	for n, tr := range program {
		want := m.execute(tr)
		got, err := tr.execute(t, ids, inner, wrap)
		if !reflect.DeepEqual(want, got) {
			return fmt.Errorf("command %d, %+v:\nwant %+v\n got %+v\n%w", n, tr, want, got, err)
		}
		for _, s := range modelStreams {
			if stored := storedItems(t, inner, s); !slices.Equal(m[s], stored) {
				return fmt.Errorf("command %d, %+v: stream %s holds %v, want %v", n, tr, s, stored, m[s])
			}
		}
	}
	return nil
}

func TestExecutorAgreesWithASequentialModel(t *testing.T) {
	generator := trials()
	rapid.Check(t, func(r *rapid.T) {
		program := generator.Draw(r, "program")
		if err := compare(t, program, func(s eventcore.Store) eventcore.Store { return s }); err != nil {
			r.Fatal(err)
		}
	})
}

// TestModelFindsPlantedBugs puts a bug between executor and store. Each is one that an
// executor could have: what reaches the store, or comes from it, is not what should.
func TestModelFindsPlantedBugs(t *testing.T) {
	for _, tc := range []struct {
		name string
		wrap func(eventcore.Store) eventcore.Store
	}{
		{"streams that are only read take no part", func(s eventcore.Store) eventcore.Store { return rewriting{s, onlyWritten} }},
		{"one participant is left out", func(s eventcore.Store) eventcore.Store { return rewriting{s, allButLast} }},
		{"a conflict is forced through", func(s eventcore.Store) eventcore.Store { return forcing{s} }},
		{"an unknown outcome is tried again", func(s eventcore.Store) eventcore.Store { return insisting{s} }},
		{"one event of several is lost", func(s eventcore.Store) eventcore.Store { return rewriting{s, withoutLastEvent} }},
		{"a retry reads what the first attempt read", func(s eventcore.Store) eventcore.Store {
			return &remembering{Store: s, seen: map[eventcore.StreamID][]eventcore.Recorded{}}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			generator, found := trials(), 0
			for seed := range 100 {
				if compare(t, generator.Example(seed), tc.wrap) != nil {
					found++
				}
			}
			require.Positive(t, found)
		})
	}
}

// TestProgramsReachEveryEnding guards the two tests above against programs that try
// nothing.
func TestProgramsReachEveryEnding(t *testing.T) {
	generator, reached := trials(), map[string]int{}
	for seed := range 100 {
		m := model{"a": {"->b"}, "b": {"->c"}, "c": {"->a"}}
		for _, tr := range generator.Example(seed) {
			want := m.execute(tr)
			reached[fmt.Sprintf("%s %v", want.failure, want.outcome)]++
			if want.attempts > 1 && want.failure == "" {
				reached["applied after a conflict"]++
			}
			if len(want.read) > len(tr.declared) {
				reached["discovered"]++
			}
			if len(want.appended) > 1 {
				reached["several streams written"]++
			}
		}
	}
	for _, ending := range []string{
		" applied", "business rule not applied", "UndeclaredStream not applied", "ErrVersionConflict not applied",
		"StoreFailure not applied", "StoreFailure unknown outcome",
		"applied after a conflict", "discovered", "several streams written",
	} {
		require.Greater(t, reached[ending], 5, "%q of %v", ending, reached)
	}
}

func storedItems(t *testing.T, store eventcore.Store, stream string) []string {
	t.Helper()
	var items []string
	for _, text := range contents(t, store, eventcore.MustStreamID(stream)) {
		text = strings.NewReplacer(`added {"n":`, "", `linked {"to":"`, "->", `"`, "", "}", "").Replace(text)
		items = append(items, text)
	}
	return items
}

package explore_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/explore"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

func memoryBackend() sim.Backend {
	return sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return memory.New(memory.Config{Clock: env.Clock}), nil
	}}
}

func ops(texts ...string) (all []scenarios.Op) {
	for _, text := range texts {
		words := strings.Fields(text)
		op := scenarios.Op{Do: words[0]}
		for _, name := range words[1:] {
			if name, reads := strings.CutPrefix(name, "+"); reads {
				op.Reads = append(op.Reads, eventcore.MustStreamID(name))
			} else {
				op.Streams = append(op.Streams, eventcore.MustStreamID(name))
			}
		}
		if slices.Contains([]string{"blind", "append", "command"}, op.Do) {
			op.Count = 1
		}
		all = append(all, op)
	}
	return all
}

func config(t *testing.T, scenario, bug string, clients ...[]scenarios.Op) explore.Config {
	t.Helper()
	s, err := scenarios.Lookup(scenario)
	require.NoError(t, err)
	cfg := explore.Config{Run: sim.Config{
		Seed: 1, Backend: memoryBackend(), Scenario: s,
		Replay: &sim.Replay{Program: scenarios.Program{Clients: clients}},
	}, KeepGoing: true}
	if bug != "" {
		m, err := mutant.Lookup(bug)
		require.NoError(t, err)
		cfg.Run.Mutant = &m
	}
	return cfg
}

func do(t *testing.T, cfg explore.Config) explore.Report {
	t.Helper()
	report, err := explore.Do(t.Context(), cfg)
	require.NoError(t, err)
	return report
}

// The example of the documentation: the number of orders of three sequences of five steps is
// 15!/(5!)³.
func TestThreeClientsWithTwoAppendsEach(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	cfg := config(t, "mixed", "", ops("blind a", "blind a"), ops("blind a", "blind a"), ops("blind a", "blind a"))
	report := do(t, cfg)
	require.True(t, report.Proven())
	require.Equal(t, 15, report.Longest)
	require.Equal(t, "756756", report.Interleavings.String())
	require.Equal(t, 4944, report.Orders)
}

// outcomes explores and returns what its runs came to, each once: what every call returned,
// and the verdict.
func outcomes(t *testing.T, cfg explore.Config) (explore.Report, []string) {
	t.Helper()
	all := make(map[string]bool)
	cfg.OnResult = func(r *sim.Result) { all[outcome(r)] = true }
	report := do(t, cfg)
	require.True(t, report.Exhausted)
	var sorted []string
	for one := range all {
		sorted = append(sorted, one)
	}
	slices.SortFunc(sorted, cmp.Compare)
	return report, sorted
}

// outcome has all that a checker sees of a run but the stamps, and of them who returned
// before whom began.
func outcome(r *sim.Result) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Verdict)
	type call struct {
		text     string
		from, to int64
	}
	var calls []call
	for i := range r.History.Operations {
		op := &r.History.Operations[i]
		text := op.String()
		_, text, _ = strings.Cut(text, "] ")
		calls = append(calls, call{fmt.Sprintf("client %d %s %v", op.Client, text, op.Err), op.Call, op.Return})
	}
	slices.SortFunc(calls, func(a, b call) int { return cmp.Compare(a.text, b.text) })
	for _, a := range calls {
		b.WriteString(a.text)
		for j, other := range calls {
			if a.to < other.from {
				fmt.Fprintf(&b, " <%d", j)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestReductionChangesNothingButTheNumberOfRuns(t *testing.T) {
	for _, test := range []struct {
		name, scenario, bug string
		clients             [][]scenarios.Op
	}{
		{"appends to one stream", "mixed", "", [][]scenarios.Op{ops("blind a", "blind a"), ops("blind a", "blind a")}},
		{"appends to two streams", "mixed", "", [][]scenarios.Op{ops("blind a"), ops("blind b"), ops("blind a b")}},
		{"reads", "mixed", "", [][]scenarios.Op{ops("blind a"), ops("read a", "read b")}},
		{"reads inside", "mixed", "", [][]scenarios.Op{ops("append a +b"), ops("append b")}},
		{"global reads", "mixed", "", [][]scenarios.Op{ops("blind a", "read a"), ops("scan", "blind b")}},
		{"commands", "contention", "", [][]scenarios.Op{ops("increment counter"), ops("increment counter")}},
		{"unchecked", "mixed", "unchecked-participant", [][]scenarios.Op{ops("append a +b"), ops("append b +a")}},
		{"check outside", "mixed", "check-outside-lock", [][]scenarios.Op{ops("blind a"), ops("blind a")}},
		{"partial conflict", "mixed", "partial-conflict", [][]scenarios.Op{ops("blind a b"), ops("blind b", "read b")}},
		{"late commit", "mixed", "cursor-skip", [][]scenarios.Op{ops("blind a"), ops("follow")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := config(t, test.scenario, test.bug, test.clients...)
			reduced, some := outcomes(t, cfg)
			cfg.Every = true
			full, all := outcomes(t, cfg)
			require.Equal(t, all, some)
			require.Equal(t, full.Interleavings.String(), reduced.Interleavings.String())
			t.Logf("%d orders in %d runs stand for %d (%d runs); %d outcomes; %v", reduced.Orders, reduced.Runs, full.Orders, full.Runs, len(all), reduced.Verdicts)

			wide := full.Longest
			cfg.Every, cfg.Preemptions = false, &wide
			bounded, same := outcomes(t, cfg)
			require.Equal(t, all, same)
			require.Equal(t, reduced.Orders, bounded.Orders)
			for bound := range 3 {
				cfg.Preemptions, cfg.Every = &bound, false
				report, reduced := outcomes(t, cfg)
				cfg.Every = true
				every, all := outcomes(t, cfg)
				require.Equal(t, all, reduced, "bound %d", bound)
				t.Logf("%d preemptions: %d orders in %d runs of %d; %v", bound, report.Orders, report.Runs, every.Orders, report.Verdicts)
			}
		})
	}
}

func TestAnOrderThatIsWrongIsReplayed(t *testing.T) {
	cfg := config(t, "contention", "check-outside-lock", ops("increment counter"), ops("increment counter"))
	cfg.KeepGoing = false
	report := do(t, cfg)
	require.NotNil(t, report.Failure)
	require.Equal(t, sim.Violation, report.Failure.Verdict)
	file := seedfile.Of(report.Failure)
	again, err := file.Config(memoryBackend())
	require.NoError(t, err)
	result, err := sim.Run(t.Context(), again)
	require.NoError(t, err)
	require.NoError(t, file.Check(result))
	require.Equal(t, report.Failure.Trace.Hash(), result.Trace.Hash())
}

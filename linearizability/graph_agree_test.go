package linearizability_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// agreement counts what a comparison came across.
type agreement struct {
	histories, porcupine, between int
	verdicts                      map[linearizability.Verdict]int
	// names counts the illegal histories that showed an anomaly.
	names map[string]int
}

func newAgreement() *agreement {
	return &agreement{verdicts: make(map[linearizability.Verdict]int), names: make(map[string]int)}
}

// compare holds the graph's verdict on a history against that of trying every order, and
// if asked against porcupine's.
func (a *agreement) compare(t *testing.T, d *draft, porcupine bool, where string) {
	t.Helper()
	h := d.history()
	report := linearizability.CheckGraph(h)
	a.histories++
	a.verdicts[report.Verdict]++
	a.count(&report)
	// If nobody read the global order, it must be sound and keep to real time, but need
	// not be the order in which calls took effect.
	strict := newOracle(d.ops, d.final, d.final.Global != nil).linearizable()
	between := !strict && d.final.Global != nil && !readsGlobal(d.ops) && newOracle(d.ops, d.final, false).linearizable()
	want := linearizability.Violation
	if strict {
		want = linearizability.OK
	}
	if between {
		a.between++
	}
	if !between && want != report.Verdict {
		require.Fail(t, "the graph disagrees with trying every order", "%s: every order: %s, graph: %s\n%s", where, want, report.Explain(&h), text(h))
	}
	if !between && !porcupine {
		return
	}
	a.porcupine++
	other := check(t, h)
	if !between && want != other.Porcupine || other.Verdict != report.Verdict {
		require.Fail(t, "the graph disagrees with porcupine", "%s: both: %s\n, graph: %s", where, describe(other, h), report.Explain(&h))
	}
}

func (a *agreement) count(report *linearizability.GraphReport) {
	seen := make(map[string]bool)
	for i := range report.Anomalies {
		if name := report.Anomalies[i].Name; !seen[name] {
			seen[name] = true
			a.names[name]++
		}
	}
}

// seeds returns the number of histories of each kind, a tenth of the usual one with -short:
// they are judged on one goroutine, and further ones show the race detector nothing new.
// GRAPH_SEEDS asks for another one.
func seeds(t *testing.T, usual uint64) uint64 {
	t.Helper()
	text := os.Getenv("GRAPH_SEEDS")
	if text == "" && testing.Short() {
		return usual / 10
	}
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 32)
	require.NoError(t, err)
	return n
}

// TestGraphAgreesWithEveryOrderAndPorcupine takes legal histories and ones with one to
// three changes of any kind.
func TestGraphAgreesWithEveryOrderAndPorcupine(t *testing.T) {
	a := newAgreement()
	for n, s := range smallShapes() {
		for seed := range seeds(t, 5000) {
			pick := seeded(seed + 1<<32)
			d := altered(pick, s)
			a.compare(t, &d, true, fmt.Sprintf("shape %d seed %d", n, seed))
		}
	}
	t.Logf("%+v", a)
	require.Equal(t, a.histories, a.porcupine)
	require.Greater(t, a.verdicts[linearizability.OK], a.histories/10)
	require.Greater(t, a.verdicts[linearizability.Violation], a.histories/10)
	require.Zero(t, a.verdicts[linearizability.Unknown])
}

// planted is the number of histories in which each anomaly must be found, without -short.
const planted = 1000

// TestGraphFindsEachAnomalyAsOftenAsItIsThere plants each anomaly in thousands of
// histories. Not every one becomes illegal by it, and trying every order says which.
func TestGraphFindsEachAnomalyAsOftenAsItIsThere(t *testing.T) {
	for _, damage := range damages() {
		t.Run(damage.anomaly, func(t *testing.T) {
			t.Parallel()
			a, usual, planted := newAgreement(), seeds(t, 0), planted
			if testing.Short() {
				planted /= 10
			}
			for seed := uint64(0); seed < usual || a.names[damage.anomaly] < planted; seed++ {
				require.Less(t, seed, uint64(100*planted), "it is hardly ever found: %+v", a)
				pick := seeded(seed + 2<<32)
				d := draftOf(generate(pick, damage.shape))
				damage.do(&d, pick)
				a.compare(t, &d, seed%8 == 0, fmt.Sprintf("seed %d", seed))
			}
			t.Logf("%+v", a)
			require.Greater(t, a.verdicts[linearizability.OK], a.histories/50)
		})
	}
}

package performance_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// growth measures one run of ever more calls, and both checkers on its history.
func growth(t *testing.T, e extent) section {
	s := section{
		title: "Growth with the length of a run",
		before: "One run on the memory backend, one processor, no faults: four clients that append and read in turn. *Recorded* is the run with its\n" +
			"history, and memory what is in use at its end, with trace and history. The checkers then get the same history one by one.",
		header: []string{"calls", "bare, a call", "recorded, a call", "memory, a call", "fast checker, a call", "in all", "porcupine, in all"},
		after:  "A run of 1,000,000 calls is so long for the measurement only; drawn runs have 50 to 500.",
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for calls := 100; calls <= e.longest; calls *= 10 {
		program := short("both", calls)
		// Short runs are repeated: the first one warms up.
		repeat := max(1, min(100, int(e.budget/(time.Duration(calls)*5*time.Microsecond))))
		bare, _, _ := long(t, &program, repeat, true)
		recorded, memory, history := long(t, &program, repeat, false)
		began := time.Now()
		for range repeat {
			graph := linearizability.CheckGraph(*history)
			require.Equal(t, linearizability.OK, graph.Verdict)
		}
		fast := time.Since(began) / time.Duration(repeat)
		began = time.Now()
		// The fast checker comes first.
		report := linearizability.Check(t.Context(), *history, linearizability.Options{Timeout: e.porcupine})
		slow := duration(max(0, time.Since(began)-fast))
		if report.Porcupine != linearizability.OK {
			require.Equal(t, linearizability.Unknown, report.Porcupine)
			slow = "not in " + duration(e.porcupine)
		}
		each := func(d time.Duration) string { return duration(d / time.Duration(calls)) }
		s.add(count(calls), each(bare), each(recorded), strconv.FormatInt(memory/int64(calls), 10)+" B", each(fast), duration(fast), slow)
	}
	return s
}

// long carries a program out, and returns the time of one run, the memory that is in use at
// the end of the last and its history.
func long(t *testing.T, p *scenarios.Program, repeat int, bare bool) (each time.Duration, memory int64, history *linearizability.History) {
	t.Helper()
	mixed, err := scenarios.Lookup("mixed")
	require.NoError(t, err)
	before := inUse()
	var last *sim.Result
	began := time.Now()
	for range repeat {
		last, err = sim.Run(t.Context(), sim.Config{
			Backend: inMemory(), Scenario: mixed, Faults: &chaos.Plan{}, Scheduler: "random", SkipChecks: bare, Steps: 1 << 30,
			Replay: &sim.Replay{Program: *p},
			Check: func(context.Context, linearizability.History, linearizability.Options) linearizability.Report {
				return linearizability.Report{Verdict: linearizability.OK, Porcupine: linearizability.OK}
			},
		})
		require.NoError(t, err)
	}
	each = time.Since(began) / time.Duration(repeat)
	if !bare {
		require.Equal(t, sim.Pass, last.Verdict, last.Reason)
	}
	memory = inUse() - before
	runtime.KeepAlive(last)
	return each, memory, last.History
}

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

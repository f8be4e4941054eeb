package main

import (
	"fmt"

	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// failure is the JSON of a run that did not pass.
type failure struct {
	Type     string        `json:"type"`
	Verdict  sim.Verdict   `json:"verdict"`
	Reason   string        `json:"reason"`
	Seed     uint64        `json:"seed"`
	Backend  string        `json:"backend"`
	Scenario string        `json:"scenario"`
	Mutant   string        `json:"mutant,omitempty"`
	Findings []findingJSON `json:"findings"`
	Steps    int           `json:"steps"`
	Trace    string        `json:"trace"`
	SeedFile string        `json:"seed_file,omitempty"`
	// Clients and Operations are those of the shrunk run, ShrunkFrom the operations before.
	Clients    int `json:"clients"`
	Operations int `json:"operations"`
	ShrunkFrom int `json:"shrunk_from,omitempty"`
}

type findingJSON struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

func failureJSON(r *sim.Result, path string, small shrunk) failure {
	size := shrink.SizeOf(r)
	f := failure{
		Type: "failure", Verdict: r.Verdict, Reason: r.Reason, Seed: r.Seed, Backend: r.Backend,
		Scenario: r.Scenario, Mutant: r.Mutant, Findings: []findingJSON{}, Steps: r.Steps,
		Trace: fmt.Sprintf("%016x", r.Trace.Hash()), SeedFile: path,
		Clients: size.Clients, Operations: size.Operations, ShrunkFrom: small.from,
	}
	for _, found := range r.Findings {
		f.Findings = append(f.Findings, findingJSON{found.Name, found.Message})
	}
	return f
}

// summary is the JSON of all runs together.
type summary struct {
	Type        string              `json:"type"`
	Verdict     sim.Verdict         `json:"verdict"`
	Runs        int                 `json:"runs"`
	Verdicts    map[sim.Verdict]int `json:"verdicts"`
	Steps       int                 `json:"steps"`
	Calls       int                 `json:"calls"`
	Traces      string              `json:"traces"`
	Workloads   []workloadJSON      `json:"workloads"`
	Faults      map[string]int      `json:"faults"`
	Vacuous     []string            `json:"vacuous"`
	Skipped     []string            `json:"skipped"`
	Interrupted bool                `json:"interrupted"`
	// Resumed is how many of the runs were before this call.
	Resumed int     `json:"resumed,omitempty"`
	Seconds float64 `json:"seconds"`
}

type workloadJSON struct {
	Backend   string `json:"backend"`
	Scenario  string `json:"scenario"`
	Runs      int    `json:"runs"`
	Failed    int    `json:"failed"`
	Calls     int    `json:"calls"`
	Applied   int    `json:"applied"`
	Conflicts int    `json:"conflicts"`
	Unknown   int    `json:"unknown"`
	Overlaps  int    `json:"overlaps"`
	// Struck counts faults by the operation that they hit.
	Struck map[string]int `json:"struck"`
}

func (o *output) summaryJSON(s sim.Summary, worst sim.Verdict, vacuous []string, interrupted bool) summary {
	all := summary{
		Type: "summary", Verdict: worst, Runs: s.Runs, Verdicts: s.Verdicts, Steps: s.Steps, Calls: s.Coverage.Calls,
		Traces:    fmt.Sprintf("%016x", s.Traces),
		Workloads: []workloadJSON{}, Faults: map[string]int{}, Vacuous: append([]string{}, vacuous...),
		Skipped: append([]string{}, o.flags.known.skipped(o.flags.backends)...), Interrupted: interrupted,
		Seconds: o.ran().Seconds(), Resumed: o.resumed,
	}
	for _, w := range s.Ran() {
		of := s.Workloads[w]
		c := of.Coverage
		struck := map[string]int{}
		for op, n := range c.Struck {
			struck[string(op)] = n.Fired
		}
		all.Workloads = append(all.Workloads, workloadJSON{
			w.Backend, w.Scenario, of.Runs, of.Failed, c.Calls, c.Applied, c.Conflicts, c.Unknown, c.Overlaps, struck,
		})
	}
	for kind, n := range s.Coverage.Faults {
		all.Faults[kind.String()] = n.Fired
	}
	return all
}

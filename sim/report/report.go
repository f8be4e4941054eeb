// Package report shows the result of a run to a person.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// Limits that keep a failure on one screen.
const (
	maxFindings = 4
	maxProgram  = 12
	maxLine     = 160
)

// Failure writes a failed run on one screen: what is wrong, the operations that
// prove it, the program and the faults, and how to see it again. commands are the
// lines to paste that reproduce it.
func Failure(w io.Writer, r *sim.Result, commands ...string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", strings.ToUpper(string(r.Verdict)), clip(r.Reason))
	fmt.Fprintf(&b, "  seed %d · backend %s · scenario %s", r.Seed, r.Backend, r.Scenario)
	if r.Mutant != "" {
		fmt.Fprintf(&b, " · mutant %s", r.Mutant)
	}
	fmt.Fprintf(&b, " · scheduler %s\n", r.Plan.Scheduler)
	fmt.Fprintf(&b, "  %d steps · %v of virtual time · trace %016x\n", r.Steps, r.Elapsed, r.Trace.Hash())
	writeFindings(&b, r)
	writeTimeline(&b, r)
	writeProgram(&b, r)
	for i, crash := range r.Crashes {
		if i == 0 {
			b.WriteString("\n  crashes:\n")
		}
		b.WriteString("    " + crash.String() + "\n")
	}
	if len(r.Faults) > 0 {
		b.WriteString("\n  faults:")
		for _, fault := range r.Faults {
			fmt.Fprintf(&b, " %s", fault)
		}
		b.WriteString("\n")
	}
	if r.Stall != "" {
		fmt.Fprintf(&b, "\n  where it hangs:\n    %s\n", strings.ReplaceAll(strings.TrimSpace(r.Stall), "\n", "\n    "))
	}
	if len(commands) > 0 {
		b.WriteString("\n  to see it again:\n")
		for _, command := range commands {
			fmt.Fprintf(&b, "    %s\n", command)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeFindings(b *strings.Builder, r *sim.Result) {
	if len(r.Findings) == 0 {
		return
	}
	b.WriteString("\n  found:\n")
	for i, found := range r.Findings {
		if i == maxFindings {
			fmt.Fprintf(b, "    and %d more\n", len(r.Findings)-i)
			break
		}
		fmt.Fprintf(b, "    %s: %s\n", found.Name, clip(found.Message))
	}
}

func writeProgram(b *strings.Builder, r *sim.Result) {
	b.WriteString("\n  program:\n")
	if words := describe(r.Program.Setup); words != "" {
		fmt.Fprintf(b, "    set-up: %s\n", clip(words))
	}
	for id, ops := range r.Program.Clients {
		if id == maxProgram {
			fmt.Fprintf(b, "    and %d more clients\n", len(r.Program.Clients)-id)
			break
		}
		words := describe(ops)
		if id < len(r.Program.Probes) {
			if probes := describe(r.Program.Probes[id]); probes != "" {
				words += "; then without faults: " + probes
			}
		}
		if words != "" {
			fmt.Fprintf(b, "    client %d: %s\n", id, clip(strings.TrimPrefix(words, "; ")))
		}
	}
}

func describe(ops []scenarios.Op) string {
	words := make([]string, len(ops))
	for i := range ops {
		words[i] = ops[i].String()
	}
	return strings.Join(words, "; ")
}

// clip keeps the first line, and of it what fits.
func clip(s string) string {
	line, _, more := strings.Cut(s, "\n")
	if runes := []rune(line); len(runes) > maxLine {
		return string(runes[:maxLine]) + " …"
	}
	if more {
		line += " …"
	}
	return line
}

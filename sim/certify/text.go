package certify

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteText writes the certificate for people. What failed comes first, then what was not
// certified, then what passed.
func (c *Certificate) WriteText(w io.Writer) error {
	var b strings.Builder
	title := fmt.Sprintf("Certificate of backend %s", c.Backend.Name)
	fmt.Fprintf(&b, "%s\n%s\n\n", title, strings.Repeat("=", len(title)))
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	row("level", "%s", c.LevelLine())
	row("backend", "%s", strings.TrimSpace(c.Backend.Module+" "+c.Backend.Version))
	row("harness", "%s %s", c.Harness.Module, c.Harness.Version)
	row("built by", "%s %s", c.Go, c.Platform)
	if c.Mutant != "" {
		row("planted bug", "%s", c.Mutant)
	}
	counts := c.Count()
	row("requirements", "%d passed, %d failed, %d not certified", counts[Passed], counts[Failed], counts[NotCertified])
	row("time", "%.1f s", c.Seconds)

	b.WriteString("\nLevels\n")
	for _, l := range c.Levels {
		status := "reached"
		if !l.Reached {
			status = "not reached"
		}
		fmt.Fprintf(&b, "  %-15s %-12s %s\n", l.Level, status, l.Meaning)
		if len(l.Missing) > 0 {
			fmt.Fprintf(&b, "  %-15s in its way: %s\n", "", shorten(l.Missing))
		}
	}
	b.WriteString("\nAbilities\n")
	for _, a := range c.Abilities {
		fmt.Fprintf(&b, "  %-23s %-14s %d of %d requirements passed\n", a.Ability, a.Status, a.Passed, a.Of)
		if a.Status == Failed {
			fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(a.Reason, "\n", "\n    "))
		}
	}
	for _, status := range []Status{Failed, NotCertified, Passed} {
		c.section(&b, status)
	}
	c.Runs.write(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// LevelLine says on one line what was proven.
func (c *Certificate) LevelLine() string {
	line := fmt.Sprintf("%s: %s", c.Level, c.Level.Meaning())
	if lacking := c.Lacking(); len(lacking) > 0 && c.Level != NoLevel {
		names := make([]string, len(lacking))
		for i, a := range lacking {
			names[i] = string(a)
		}
		line += "; not certified in full: " + strings.Join(names, ", ")
	}
	return line
}

// Count counts the requirements by status.
func (c *Certificate) Count() map[Status]int {
	counts := make(map[Status]int)
	for i := range c.Requirements {
		counts[c.Requirements[i].Status]++
	}
	return counts
}

// mostMissing is the number of IDs that are listed in the text.
const mostMissing = 8

func shorten(ids []string) string {
	if len(ids) <= mostMissing {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:mostMissing], ", "), len(ids)-mostMissing)
}

func (c *Certificate) section(b *strings.Builder, status Status) {
	first := true
	for i := range c.Requirements {
		r := &c.Requirements[i]
		if r.Status != status {
			continue
		}
		if first {
			fmt.Fprintf(b, "\n%s%s\n", strings.ToUpper(string(status[:1])), status[1:])
			first = false
		}
		fmt.Fprintf(b, "  %s: %s\n", r.ID, r.Rule)
		if r.Reason != "" {
			fmt.Fprintf(b, "    %s\n", strings.ReplaceAll(r.Reason, "\n", "\n    "))
		}
		if r.SeedFile != "" {
			fmt.Fprintf(b, "    replay: go test -run TestCertify -sim.file=%s; for a backend of eventcore-sim itself: simrun replay %[1]s\n", r.SeedFile)
		}
	}
}

func (r *Runs) write(b *strings.Builder) {
	b.WriteString("\nRuns\n")
	fmt.Fprintf(b, "  %d runs, %d different schedules, %d steps\n", r.Runs, r.Schedules, r.Steps)
	var by []string
	for _, name := range slices.Sorted(maps.Keys(r.Schedulers)) {
		by = append(by, fmt.Sprintf("%s %d", name, r.Schedulers[name]))
	}
	fmt.Fprintf(b, "  by scheduler: %s\n", orNone(by))
	fmt.Fprintf(b, "  %d store calls, %d of them while another was under way\n", r.Operations, r.Overlaps)
	fmt.Fprintf(b, "  appends: %d applied, %d conflicts, %d of unknown outcome\n", r.Applied, r.Conflicts, r.Unknown)
	fmt.Fprintf(b, "  crashes: %d of the process, %d of them in the middle of a recovery, which took away %d writes and tore %d; "+
		"%d of a server, %d of them in the middle of a recovery; %d ends of all sessions\n",
		r.Crashes, r.Again, r.Lost, r.Torn, r.Restarts, r.RestartsAgain, r.Kills)
	var faults []string
	for _, f := range r.Faults {
		faults = append(faults, fmt.Sprintf("%s %d", f.Kind, f.Fired))
	}
	fmt.Fprintf(b, "  faults that fired: %s\n", orNone(faults))
	if r.Unconfirmed > 0 {
		fmt.Fprintf(b, "  %d histories were decided by the fast checker alone\n", r.Unconfirmed)
	}
	for _, s := range r.Scenarios {
		fmt.Fprintf(b, "  %-9s %-16s %d runs, seeds %d to %d\n", s.Phase, s.Scenario, s.Runs, s.First, s.Last)
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

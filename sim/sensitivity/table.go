package sensitivity

import (
	"fmt"
	"io"
	"strings"
)

// WriteTable writes the rows as a Markdown page.
func WriteTable(w io.Writer, cfg Config, rows []Row) error {
	var b strings.Builder
	b.WriteString("# Sensitivity\n\n")
	b.WriteString("After how many seeds is each planted bug found? Written by `simrun sensitivity`; do not edit.\n\n")
	fmt.Fprintf(&b, "Median / worst number of seeds in %d trials, each with seeds of its own and given up after %v. A seed is one run of\n", cfg.Trials, cfg.Budget)
	b.WriteString("every scenario that the store can run, up to the one that shows the bug. `3 / –` means that a trial missed the bug,\n")
	b.WriteString("and `2 of 5` in how many it was found where half or more missed it.\n\n")
	b.WriteString("*Naive* is the same programs on real goroutines with random sleeps around calls, judged by porcupine, in the same time. It has\n")
	b.WriteString("the scenarios' invariants too, and no faults: what only shows under a fault or a crash it cannot find.\n")
	b.WriteString("What it finds depends on the machine and its load; the seeds of the simulator do not, only how many fit into the time.\n\n")
	fmt.Fprintf(&b, "| mutant | %s | naive |\n|---|%s---|\n", strings.Join(cfg.Schedulers, " | "), strings.Repeat("---|", len(cfg.Schedulers)))
	var found, missed int
	naively, naiveTrials := 0, 0
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |", row.Mutant)
		for i := range row.BySimulator {
			c := &row.BySimulator[i]
			found, missed = found+len(c.Seeds), missed+c.Missed
			fmt.Fprintf(&b, " %s |", c)
		}
		if row.Naive == nil {
			b.WriteString(" cannot crash |\n")
			continue
		}
		naively, naiveTrials = naively+len(row.Naive.Seeds), naiveTrials+len(row.Naive.Seeds)+row.Naive.Missed
		fmt.Fprintf(&b, " %s |\n", row.Naive)
	}
	fmt.Fprintf(&b, "\nIn all, the simulator found the bug in %d of %d trials, the naive way in %d of the %d that it can make.\n",
		found, found+missed, naively, naiveTrials)
	_, err := io.WriteString(w, b.String())
	return err
}

// String returns the cell as it stands in the table.
func (c *Cell) String() string {
	median, most := c.Median()
	worst, all := c.Worst()
	switch {
	case all:
		return fmt.Sprintf("%d / %d", median, worst)
	case most:
		return fmt.Sprintf("%d / –", median)
	case len(c.Seeds) > 0:
		return fmt.Sprintf("%d of %d", len(c.Seeds), len(c.Seeds)+c.Missed)
	default:
		return "never"
	}
}

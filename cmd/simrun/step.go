package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/report"
)

// walk shows a run operation by operation. On a terminal it waits for Enter before each
// step but the first; else, and with all, it does not.
func walk(cmd *cobra.Command, r *sim.Result, all bool) error {
	steps := report.Steps(r)
	if len(steps) == 0 {
		return fmt.Errorf("there is nothing to walk through: the run came to %s before its history could be kept: %s", r.Verdict, r.Reason)
	}
	in := cmd.InOrStdin()
	file, isFile := in.(*os.File)
	waits := !all && isFile && term.IsTerminal(int(file.Fd()))
	lines := bufio.NewScanner(in)
	out := cmd.OutOrStdout()
	for i, step := range steps {
		if i > 0 && waits {
			fmt.Fprintf(out, "[%d of %d] Enter: next, q: leave > ", i+1, len(steps))
			if !lines.Scan() || strings.TrimSpace(lines.Text()) == "q" {
				return nil
			}
		}
		fmt.Fprintln(out, step)
	}
	return nil
}

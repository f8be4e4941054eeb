package sim

import (
	"fmt"
	"strings"
)

// Divergence is the first difference between two traces of one seed: the run is not
// deterministic.
type Divergence struct {
	// Step is the index of the first step that differs.
	Step int
	// First and Second are the steps around it in each trace, the differing one
	// marked.
	First, Second []string
}

// contextSteps is how many steps are shown on either side of a difference.
const contextSteps = 5

// Compare returns the first difference between two traces, nil if there is none.
func Compare(first, second *Trace) *Divergence {
	if first.hash == second.hash && first.Len() == second.Len() {
		return nil
	}
	n := min(first.Len(), second.Len())
	at := n
	for i := range n {
		if first.steps.At(i).hash != second.steps.At(i).hash {
			at = i
			break
		}
	}
	return &Divergence{Step: at, First: first.around(at), Second: second.around(at)}
}

func (t *Trace) around(at int) []string {
	var lines []string
	for i := max(0, at-contextSteps); i <= at+contextSteps; i++ {
		mark := "  "
		if i == at {
			mark = "> "
		}
		if i >= t.Len() {
			lines = append(lines, mark+"(end of the trace)")
			break
		}
		lines = append(lines, mark+t.Line(i))
	}
	return lines
}

// Error implements error, over several lines.
func (d *Divergence) Error() string {
	return fmt.Sprintf("the run is not deterministic: two runs of one seed differ first at step %d\nfirst run:\n%s\nsecond run:\n%s",
		d.Step, strings.Join(d.First, "\n"), strings.Join(d.Second, "\n"))
}

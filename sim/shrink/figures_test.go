package shrink_test

import (
	"fmt"
	"testing"

	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

func TestX(t *testing.T) {
	for _, m := range allMutants() {
		for _, r := range failures(t, m, 1, 3) {
			o := shrunk(t, r, backendFor(m), shrink.Options{})
			fmt.Printf("%-24s %-16s %-36s %v -> %v | steps %d, detail %d, cand %d, %v complete %v repro %v\n", m.Name, r.Scenario, shrink.ClassOf(r), o.From, o.To, o.To.Steps, o.To.Detail, o.Candidates, o.Elapsed.Round(1e6), o.Complete, o.Reproduced)
		}
	}
}

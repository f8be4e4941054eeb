package certify_test

import (
	"context"
	"fmt"
	"os"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

// What a certificate speaks of is listed, and each rule has its number for ever.
func ExampleRequirements() {
	for _, r := range certify.Requirements() {
		if r.ID == "R-APPEND-03" {
			fmt.Println(r.Rule)
			fmt.Println(r.Level, r.Needs)
		}
	}
	// Output:
	// a moved read-only participant refuses the append
	// sequential [read-only participants]
}

// Outside of a test, and here of one scenario with few seeds: what was not looked at is not
// certified.
func ExampleCheck() {
	backend := sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return memory.New(memory.Config{Clock: env.Clock}), nil
	}}
	log, err := os.Open(os.DevNull)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer log.Close()
	certificate, err := certify.Check(context.Background(), backend, certify.Settings{Seeds: 5, Scenario: "contention", Only: true}, log, certify.WithoutContract())
	if err != nil {
		fmt.Println(err)
		return
	}
	counts := certificate.Count()
	fmt.Println(certificate.Level, counts[certify.Passed], counts[certify.Failed])
	// Output:
	// none 0 0
}

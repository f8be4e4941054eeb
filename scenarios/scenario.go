package scenarios

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Scenario is a named workload. A Scenario is immutable and safe for concurrent use.
type Scenario struct {
	Name string
	// Doc says in one sentence what the scenario does and what it catches.
	Doc string
	// Params are the usual sizes of a program.
	Params Params
	// Kinds are the operations that Generate can draw, with their usual weights.
	Kinds []Kind
	// Generate draws a program. It is pure: equal arguments and an equal state of r
	// give the same program. Fields of p that are not positive have the scenario's
	// own value. Weights that are nil or leave nothing to draw are the usual ones.
	// Operations may share the arrays of their stream lists.
	Generate func(r *rand.Rand, p Params, weights Weights) Program
	// Run performs op on the store of c and says what came of it. The caller fills
	// in Client, Index and Phase of the result. A panic of the store passes through.
	Run func(ctx context.Context, c *Client, op Op) Result
	// Validate returns an error that names the first field of p which is missing,
	// unknown or out of range; nil for every program that Generate returns.
	Validate func(p Program) error
	// Invariants judge what is left at the end.
	Invariants []Invariant
	// WantsConflict says that many runs without a single version conflict prove
	// nothing.
	WantsConflict bool
	// Lacks names the interface that the scenario needs and the store does not implement,
	// "" for none.
	Lacks func(store eventcore.Store) string
	// Demands are what the appends of the scenario ask of a store that not every adapter
	// can do. Programs of a scenario without any append to one stream at a time and rely
	// on no other.
	Demands []Demand
	// Connections is the size of the pool that a store with connections should have; 0: its
	// usual one.
	Connections int
	// Reaches counts what the scenario is for in the results of a run. Many runs that do
	// not reach one of the names prove nothing of it. nil: nothing is counted.
	Reaches func(results []Result) map[string]int
}

// Params are the sizes of a program.
type Params struct {
	Clients      int
	OpsPerClient int
	// Streams is the number of streams to spread the operations over. A scenario
	// that needs more takes more; contention has one whatever is asked.
	Streams int
	// MaxEvents is the greatest number of events that an operation writes to one
	// stream.
	MaxEvents int
}

func (p Params) or(usual Params) Params {
	for _, field := range []struct{ asked, usual *int }{
		{&p.Clients, &usual.Clients},
		{&p.OpsPerClient, &usual.OpsPerClient},
		{&p.Streams, &usual.Streams},
		{&p.MaxEvents, &usual.MaxEvents},
	} {
		if *field.asked <= 0 {
			*field.asked = *field.usual
		}
	}
	return p
}

// Kind is an operation that a generator can draw.
type Kind struct {
	Name string
	// Doc says in one sentence what the operation does.
	Doc string
	// Weight is how often the kind is drawn, relative to the others.
	Weight int
}

// Weights replaces the weights of kinds, by name. A kind that is not there or not
// positive is not drawn.
type Weights map[string]int

// Demand is something about appends that the contract asks of every store and that an
// adapter of a store with a narrower interface may be unable to do.
type Demand string

// The demands.
const (
	// MultiStream: one append writes to several streams.
	MultiStream Demand = "multi-stream appends"
	// ReadOnly: an append checks the version of a stream that it does not write to.
	ReadOnly Demand = "read-only participants"
)

// Demands lists all demands.
func Demands() []Demand { return []Demand{MultiStream, ReadOnly} }

// All returns the scenarios, in a fixed order.
func All() []Scenario {
	var all []Scenario
	for _, s := range []spec{contention(), transfers(), orders(), writeSkew(), mixed(), projections(), leadership(), poolSaturation(), snapshots(), groupCommit()} {
		all = append(all, s.scenario())
	}
	return all
}

// Single returns the scenario for stores whose appends take one stream. Those that take
// more are asked all of it by mixed, so that it is not among All.
func Single() Scenario { return single().scenario() }

// Lookup returns the scenario with that name, or an error that names those there are.
func Lookup(name string) (Scenario, error) {
	var names []string
	for _, s := range append(All(), Single()) {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Scenario{}, fmt.Errorf("scenarios: %q is not known; known: %s", name, strings.Join(names, ", "))
}

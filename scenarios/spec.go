package scenarios

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// spec is how a scenario is written down here; [spec.scenario] makes of it what
// callers see.
type spec struct {
	name, doc     string
	params        Params
	wantsConflict bool
	// codec makes the codec of a client's commands.
	codec func() eventcore.Codec
	// pools names the streams of a program.
	pools      func(p Params) pools
	operations []operation
	setup      func(d *draw) []Op
	// probes draws what each client runs at the end.
	probes func(d *draw) []Op
	// whole, where not nil, validates what concerns several operations of a program.
	whole func(p Program) error
	// abilities are what a store must have for it, besides Append and ReadStream.
	abilities []ability
	// demands are what its appends ask of a store.
	demands []Demand
	// connections is the size of a store's pool, 0 for its usual one.
	connections int
	// reaches counts what a run reached, by the names of what many runs must reach.
	reaches func(results []Result) map[string]int
	// invariants are those of the scenario alone; those of Bookkeeping are added.
	invariants []Invariant
}

// operation is one kind of operation of a scenario.
type operation struct {
	name, doc string
	// weight is 0 for what only set-up and probes do.
	weight int
	needs  needs
	// draw fills in an operation; Do is set afterwards. nil where weight is 0.
	draw func(d *draw) Op
	run  func(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error)
}

func (s spec) scenario() Scenario {
	out := Scenario{
		Name: s.name, Doc: s.doc, Params: s.params, WantsConflict: s.wantsConflict,
		Generate: s.generate, Run: s.run, Validate: s.validate, Lacks: lacks(s.abilities), Reaches: s.reaches,
		Connections: s.connections,
		Demands:     s.demands,
		Invariants:  append(Bookkeeping(), s.invariants...),
	}
	for _, o := range s.operations {
		if o.weight > 0 {
			out.Kinds = append(out.Kinds, Kind{o.name, o.doc, o.weight})
		}
	}
	return out
}

func (s *spec) find(do string) *operation {
	for i := range s.operations {
		if s.operations[i].name == do {
			return &s.operations[i]
		}
	}
	return nil
}

// run performs op. It is the path that a simulator takes a million times.
func (s *spec) run(ctx context.Context, c *Client, op Op) Result {
	o := s.find(op.Do)
	if o == nil {
		return Result{Op: op, Err: fmt.Errorf("scenarios: %w", s.unknown(op.Do)), Outcome: eventcore.OutcomeNotApplied}
	}
	c.begin(s)
	c.op = op
	executed, err := o.run(ctx, c, &c.op)
	r := c.result()
	r.Op, r.Err, r.Executed = op, err, executed
	return r
}

func (s *spec) generate(r *rand.Rand, p Params, weights Weights) Program {
	p = p.or(s.params)
	d := &draw{Rand: r, params: p, pools: s.pools(p)}
	pick := s.picker(weights)
	program := Program{Setup: s.setup(d)}
	for d.client = range p.Clients {
		ops := make([]Op, p.OpsPerClient)
		for i := range ops {
			o := pick(r)
			ops[i] = o.draw(d)
			ops[i].Do = o.name
		}
		program.Clients = append(program.Clients, ops)
		program.Probes = append(program.Probes, s.probes(d))
	}
	return program
}

// picker returns a function that draws operations by weight.
func (s *spec) picker(weights Weights) func(r *rand.Rand) *operation {
	weigh := func(by func(o *operation) int) (drawn []*operation, bounds []int, total int) {
		for i := range s.operations {
			o := &s.operations[i]
			if w := by(o); o.weight > 0 && w > 0 {
				total += w
				drawn, bounds = append(drawn, o), append(bounds, total)
			}
		}
		return drawn, bounds, total
	}
	drawn, bounds, total := weigh(func(o *operation) int { return weights[o.name] })
	if total == 0 {
		drawn, bounds, total = weigh(func(o *operation) int { return o.weight })
	}
	return func(r *rand.Rand) *operation {
		n, i := r.IntN(total), 0
		for n >= bounds[i] {
			i++
		}
		return drawn[i]
	}
}

package scenarios

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The types of the events that are projected. The codec of the projections does not know
// the second, as a program does not know the types of a later version.
const (
	typeMade   = "made"
	typePoison = "poison"
)

// projections lets clients append events and run projections of them.
func projections() spec {
	return spec{
		name:          "projection",
		demands:       []Demand{MultiStream},
		doc:           "projections follow the appends, die and start again; catches events that are skipped, applied again or out of order, and checkpoints that lie",
		params:        Params{Clients: 4, OpsPerClient: 8, Streams: 3, MaxEvents: 3},
		wantsConflict: true,
		codec:         makerCodec,
		pools:         func(p Params) pools { return pools{main: pool("item", p.Streams)} },
		abilities:     []ability{ableAllReader, ableCheckpoints, ableCoordinator},
		operations: []operation{
			makes(5),
			projects(5, func(d *draw) *Projecting {
				p := &Projecting{Subscription: subscriptions()[d.IntN(3)], Lead: d.IntN(3) > 0, EachPage: d.IntN(2) == 0}
				d.trouble(p)
				return p
			}),
		},
		setup:      func(*draw) []Op { return nil },
		probes:     projectionProbes(func(d *draw) string { return subscriptions()[d.IntN(3)] }),
		reaches:    projectionReaches,
		invariants: append(projectionInvariants(), leadershipInvariants()...),
	}
}

// leadership has all clients fight for one projection.
func leadership() spec {
	return spec{
		name:      "leadership",
		doc:       "all clients want to lead one projection, die and lose their leases; catches two leaders at a time, tokens that do not grow, and leases that never end",
		params:    Params{Clients: 4, OpsPerClient: 8, Streams: 1, MaxEvents: 2},
		codec:     makerCodec,
		pools:     func(Params) pools { return pools{main: pool("item", 1)} },
		abilities: []ability{ableAllReader, ableCheckpoints, ableCoordinator},
		operations: []operation{
			makes(2),
			projects(8, func(d *draw) *Projecting {
				p := &Projecting{Subscription: subscriptionAll, Lead: true, EachPage: d.IntN(2) == 0}
				d.trouble(p)
				return p
			}),
		},
		setup:      func(*draw) []Op { return nil },
		probes:     projectionProbes(func(*draw) string { return subscriptionAll }),
		reaches:    projectionReaches,
		invariants: append(projectionInvariants(), leadershipInvariants()...),
	}
}

func makerCodec() eventcore.Codec { return &factCodec{types: []string{typeMade, typePoison}} }

// makes is the operation that appends events, of which one in a batch may be poison.
func makes(weight int) operation {
	return operation{
		name: "make", doc: "appends events to streams; the last round of them may be of a type that projections do not know", weight: weight,
		needs: needs{streams: atLeast(1), count: between(1, 1<<10), amount: between(0, 1)},
		draw: func(d *draw) Op {
			op := Op{Streams: d.some(d.main, 1+d.IntN(2)), Count: d.upTo(d.params.MaxEvents)}
			if d.IntN(4) == 0 {
				op.Amount = 1
			}
			return op
		},
		run: func(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
			types := [3]string{typeMade, typeMade, typeMade}
			if op.Amount > 0 {
				types[(op.Count-1)%3] = typePoison
			}
			return eventcore.Execute(ctx, &c.spy, &scatter{op, c.name(), types}, c.options...)
		},
	}
}

// projects is the operation that runs a projection.
func projects(weight int, how func(d *draw) *Projecting) operation {
	return operation{
		name: "project", doc: "runs a projection until nothing is left to read or something ends it", weight: weight,
		needs: needs{limit: atLeast(1), projection: true},
		draw:  func(d *draw) Op { return Op{Limit: d.upTo(8), Projection: how(d)} },
		run:   runProject,
	}
}

// trouble lets a projection meet one trouble, two times in three.
func (d *draw) trouble(p *Projecting) {
	const acts = 24
	at := d.upTo(acts)
	switch d.IntN(9) {
	case 0, 1:
		p.Die = at
	case 2:
		p.Panic = at
	case 3:
		p.Cancel = at
	case 4:
		p.Flaky = 1 + d.upTo(3)
	case 5:
		if p.Lead {
			p.Lose = at
		}
	}
}

func projectionProbes(subscription func(d *draw) string) func(d *draw) []Op {
	return func(d *draw) []Op {
		return []Op{
			{Do: "make", Streams: d.one(d.main), Count: 1},
			{Do: "project", Limit: d.upTo(8), Projection: &Projecting{Subscription: subscription(d), Lead: true}},
		}
	}
}

// projectionReaches counts what the scenarios of projections are for.
func projectionReaches(results []Result) map[string]int {
	reached := map[string]int{
		"events projected": 0, "poison skipped": 0, "projections ended by their program": 0, "leases refused": 0, "leases lost": 0,
	}
	for i := range results {
		log := results[i].Projection
		if log == nil {
			continue
		}
		if log.Died {
			reached["projections ended by their program"]++
		}
		for n := range log.Acts {
			switch act := &log.Acts[n]; {
			case act.Kind == ActApplied:
				reached["events projected"]++
			case act.Kind == ActSkipped:
				reached["poison skipped"]++
			case act.Kind == ActAcquired && isHeld(act.Err):
				reached["leases refused"]++
			case act.Kind == ActLost && act.Err == nil:
				reached["leases lost"]++
			}
		}
	}
	return reached
}

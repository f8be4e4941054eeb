package shrink

import (
	"slices"

	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// place names an operation of a program. The client of the set-up is 0.
type place struct {
	phase         scenarios.Phase
	client, index int
}

// places lists the operations of a program: set-up, clients, probes.
func places(p *scenarios.Program) (all []place) {
	for i := range p.Setup {
		all = append(all, place{scenarios.PhaseSetup, 0, i})
	}
	for c, ops := range p.Clients {
		for i := range ops {
			all = append(all, place{scenarios.PhaseSafety, c, i})
		}
	}
	for c, ops := range p.Probes {
		for i := range ops {
			all = append(all, place{scenarios.PhaseProbe, c, i})
		}
	}
	return all
}

// list returns the list that the operation is in.
func (at place) list(p *scenarios.Program) *[]scenarios.Op {
	switch at.phase {
	case scenarios.PhaseSetup:
		return &p.Setup
	case scenarios.PhaseSafety:
		return &p.Clients[at.client]
	default:
		return &p.Probes[at.client]
	}
}

func (at place) op(p *scenarios.Program) *scenarios.Op { return &(*at.list(p))[at.index] }

// isEmpty says whether a client has nothing to do.
func isEmpty(p *scenarios.Program, client int) bool {
	return len(p.Clients[client]) == 0 && (client >= len(p.Probes) || len(p.Probes[client]) == 0)
}

// clone copies a program down to the operations and what they hold.
func clone(p *scenarios.Program) scenarios.Program {
	c := scenarios.Program{Setup: slices.Clone(p.Setup), Clients: make([][]scenarios.Op, len(p.Clients))}
	for i, ops := range p.Clients {
		c.Clients[i] = slices.Clone(ops)
	}
	for _, ops := range p.Probes {
		c.Probes = append(c.Probes, slices.Clone(ops))
	}
	for _, at := range places(&c) {
		op := at.op(&c)
		op.Streams, op.Reads = slices.Clone(op.Streams), slices.Clone(op.Reads)
		if op.Projection != nil {
			projecting := *op.Projection
			op.Projection = &projecting
		}
	}
	return c
}

// tidy drops lists that hold nothing, so that they are not written.
func tidy(p *scenarios.Program) {
	if len(p.Setup) == 0 {
		p.Setup = nil
	}
	for len(p.Probes) > 0 && len(p.Probes[len(p.Probes)-1]) == 0 {
		p.Probes = p.Probes[:len(p.Probes)-1]
	}
	for i, ops := range p.Clients {
		if ops == nil {
			p.Clients[i] = []scenarios.Op{} // JSON has no null here
		}
	}
}

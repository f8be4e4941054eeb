package scenarios

import (
	"context"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The events of a doctor.
type (
	doctorEvent interface{ onCall() bool }
	cameOnCall  struct{}
	wentOffCall struct{}
)

func (cameOnCall) onCall() bool  { return true }
func (wentOffCall) onCall() bool { return false }

const (
	typeOnCall  = "came on call"
	typeOffCall = "went off call"
)

// Business rules of doctors.
const (
	NotOnCall  Refusal = "the doctor is not on call"
	LastOnCall Refusal = "no other doctor is on call"
)

// maxDoctors is how many fit into a state, a bit each.
const maxDoctors = 63

// writeSkew is the on-call doctors of Cahill, Röhm and Fekete: Serializable isolation
// for snapshot databases, SIGMOD 2008.
func writeSkew() spec {
	return spec{
		name:          "write-skew",
		demands:       []Demand{ReadOnly},
		doc:           "doctors go off call only if another is on; catches read-only participants that are not checked",
		params:        Params{Clients: 4, OpsPerClient: 12, Streams: 2, MaxEvents: 1},
		wantsConflict: true,
		codec:         doctorCodec,
		pools: func(p Params) pools {
			return pools{main: pool("doctor", min(max(2, p.Streams), maxDoctors))}
		},
		operations: []operation{
			{
				name: "leave", doc: "goes off call if one of the others, which are only read, is on", weight: 5,
				needs: needs{streams: exactly(1), reads: between(1, maxDoctors-1)}, run: runLeave,
				draw: func(d *draw) Op {
					one, others := d.oneAndOthers(d.main)
					return Op{Streams: one, Reads: others}
				},
			},
			{
				name: "return", doc: "comes on call", weight: 4,
				needs: needs{streams: exactly(1)}, run: runReturn,
				draw: func(d *draw) Op { return Op{Streams: d.one(d.main)} },
			},
			{
				name: "survey", doc: "counts who is on call in one snapshot of all doctors, writing nothing", weight: 2,
				needs: needs{reads: between(1, maxDoctors)}, run: runSurvey,
				draw: func(d *draw) Op { return Op{Reads: d.main} },
			},
		},
		setup: func(d *draw) []Op { return oneEach("return", d.main, 0) },
		probes: func(d *draw) []Op {
			return []Op{{Do: "return", Streams: d.one(d.main)}, {Do: "survey", Reads: d.main}}
		},
		whole: surveysAreWhole,
		invariants: []Invariant{
			{"somebody on call", "once a doctor came on call, one is on call after every event of the global order", checkOnCall},
			{"no skew", "of two doctors who went off call, each having read the other, one saw the other go", checkNoSkew},
		},
	}
}

func doctorCodec() eventcore.Codec {
	registry := eventcore.NewRegistry()
	eventcore.MustRegister[cameOnCall](registry, typeOnCall)
	eventcore.MustRegister[wentOffCall](registry, typeOffCall)
	return registry
}

// surveysAreWhole refuses a survey of some doctors only: it may well find nobody.
func surveysAreWhole(p Program) error {
	var doctors []eventcore.StreamID
	err := p.each(func(op *Op) error {
		for _, id := range slices.Concat(op.Streams, op.Reads) {
			if !slices.Contains(doctors, id) {
				doctors = append(doctors, id)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.each(func(op *Op) error {
		for _, id := range doctors {
			if op.Do == "survey" && !slices.Contains(op.Reads, id) {
				return fmt.Errorf("reads: %q needs every doctor of the program; add %q", op.Do, id)
			}
		}
		return nil
	})
}

// rota is the state of all commands here: bit i says that the command's stream i is
// on call, the highest bit that there was any event.
type rota uint64

const anyEvent rota = 1 << 63

func (r rota) apply(doctors []eventcore.StreamID, e *eventcore.Event[doctorEvent]) rota {
	i := slices.Index(doctors, e.Stream)
	r |= anyEvent
	if e.Payload.onCall() {
		return r | 1<<i
	}
	return r &^ (1 << i)
}

// shift is the command that takes its first doctor on or off call. It reads the
// others.
type shift struct {
	doctors []eventcore.StreamID
	leave   bool
}

// Streams implements [eventcore.Command].
func (s *shift) Streams() []eventcore.StreamID { return s.doctors }

// Apply implements [eventcore.Command].
func (s *shift) Apply(r rota, e eventcore.Event[doctorEvent]) rota { return r.apply(s.doctors, &e) }

// Handle implements [eventcore.Command].
func (s *shift) Handle(r rota) ([]eventcore.Emit[doctorEvent], error) {
	self, others := r&1, r&^anyEvent&^1
	switch {
	case !s.leave && self != 0:
		return nil, nil
	case !s.leave:
		return []eventcore.Emit[doctorEvent]{eventcore.To[doctorEvent](s.doctors[0], cameOnCall{})}, nil
	case self == 0:
		return nil, NotOnCall
	case others == 0:
		return nil, LastOnCall
	default:
		return []eventcore.Emit[doctorEvent]{eventcore.To[doctorEvent](s.doctors[0], wentOffCall{})}, nil
	}
}

func runLeave(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	doctors := make([]eventcore.StreamID, 0, maxDoctors)
	doctors = append(append(doctors, op.Streams...), op.Reads...)
	return eventcore.Execute(ctx, &c.spy, &shift{doctors, true}, c.options...)
}

func runReturn(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	return eventcore.Execute(ctx, &c.spy, &shift{op.Streams, false}, c.options...)
}

// survey is the command that counts who is on call.
type survey struct {
	doctors []eventcore.StreamID
	// nobody is what the last Handle saw; see [audit].
	nobody bool
}

// Streams implements [eventcore.Command].
func (s *survey) Streams() []eventcore.StreamID { return s.doctors }

// Apply implements [eventcore.Command].
func (s *survey) Apply(r rota, e eventcore.Event[doctorEvent]) rota { return r.apply(s.doctors, &e) }

// Handle implements [eventcore.Command].
func (s *survey) Handle(r rota) ([]eventcore.Emit[doctorEvent], error) {
	s.nobody = r == anyEvent
	return nil, nil
}

func runSurvey(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	s := &survey{doctors: op.Reads}
	executed, err := eventcore.Execute(ctx, &c.spy, s, c.options...)
	if err == nil && s.nobody {
		return executed, &Violation{
			"one doctor is always on call",
			fmt.Sprintf("all of %d are off call, in a snapshot that the store certified", len(s.doctors)),
		}
	}
	return executed, err
}

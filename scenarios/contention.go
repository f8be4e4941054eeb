package scenarios

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const typeCounted = "counted"

// contention has all clients count in one stream.
func contention() spec {
	return spec{
		name:          "contention",
		doc:           "many clients count up in one stream; catches lost and doubled updates",
		params:        Params{Clients: 4, OpsPerClient: 12, Streams: 1, MaxEvents: 4},
		wantsConflict: true,
		codec:         func() eventcore.Codec { return &factCodec{types: []string{typeCounted}} },
		pools:         func(Params) pools { return pools{main: pool("counter", 1)} },
		operations: []operation{
			{
				name: "increment", doc: "counts up by one", weight: 6,
				needs: needs{streams: exactly(1)},
				draw:  func(d *draw) Op { return Op{Streams: d.main} },
				run: func(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
					return countBy(ctx, c, op, 1)
				},
			},
			{
				name: "burst", doc: "counts up several times in one batch", weight: 2,
				needs: needs{streams: exactly(1), count: atLeast(1)},
				draw:  func(d *draw) Op { return Op{Streams: d.main, Count: d.upTo(d.params.MaxEvents)} },
				run: func(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
					return countBy(ctx, c, op, op.Count)
				},
			},
			{
				name: "watch", doc: "reads the counter, which must be whole and never go back", weight: 2,
				needs: needs{streams: exactly(1)},
				draw:  func(d *draw) Op { return Op{Streams: d.main} },
				run:   watch,
			},
		},
		setup: func(*draw) []Op { return nil },
		probes: func(d *draw) []Op {
			return []Op{{Do: "increment", Streams: d.main}, {Do: "watch", Streams: d.main}}
		},
		invariants: []Invariant{
			{"counter", "the events of a counter say 1, 2, 3 and so on", checkCounter},
			{"counted once", "a counter stands at the sum of all successes, or higher by some of the unknown outcomes", checkCounted},
			{"own version", "no two successes return the same version of a counter", checkOwnVersion},
		},
	}
}

// count is the command that counts up in one stream. The state is where the counter
// stands.
type count struct {
	streams []eventcore.StreamID
	by      int
}

// Streams implements [eventcore.Command].
func (c *count) Streams() []eventcore.StreamID { return c.streams }

// Apply implements [eventcore.Command].
func (c *count) Apply(_ int64, e eventcore.Event[fact]) int64 { return e.Payload.N }

// Handle implements [eventcore.Command].
func (c *count) Handle(at int64) ([]eventcore.Emit[fact], error) {
	emits := make([]eventcore.Emit[fact], c.by)
	for i := range emits {
		emits[i] = eventcore.To(c.streams[0], fact{Type: typeCounted, N: at + 1 + int64(i)})
	}
	return emits, nil
}

func countBy(ctx context.Context, c *Client, op *Op, by int) (eventcore.Executed, error) {
	executed, err := eventcore.Execute(ctx, &c.spy, &count{op.Streams, by}, c.options...)
	if err == nil {
		c.learn(executed.Appended.Streams)
	}
	return executed, err
}

// watch reads a counter from its start.
func watch(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	id := op.Streams[0]
	seen := eventcore.Version(0)
	for e, err := range c.Store.ReadStream(ctx, id, 0) {
		if err != nil {
			return eventcore.Executed{}, err
		}
		seen++
		said, err := c.peers.parse(e.Data)
		if err != nil {
			return eventcore.Executed{}, &eventcore.DeserializationFailed{Stream: id, Version: e.Version, Type: e.Type, Err: err}
		}
		if e.Version != seen || said.N != int64(seen) {
			return eventcore.Executed{}, &Violation{
				"the events of a counter say 1, 2, 3 and so on",
				fmt.Sprintf("event number %d of stream %q has version %d and says %d", seen, id, e.Version, said.N),
			}
		}
	}
	if seen < c.known[id] {
		return eventcore.Executed{}, &Violation{
			"a counter never goes back",
			fmt.Sprintf("stream %q has %d events for a client that saw %d before", id, seen, c.known[id]),
		}
	}
	c.known[id] = seen
	return eventcore.Executed{}, nil
}

func checkCounter(f *Final) error {
	return f.eachFact(func(e *eventcore.Recorded, said fact) error {
		if said.N != int64(e.Version) {
			return fmt.Errorf("the counter says %d there", said.N)
		}
		return nil
	})
}

// checkCounted works for one counter or several.
func checkCounted(f *Final) error {
	sure, maybe := make(map[eventcore.StreamID]int), make(map[eventcore.StreamID]int)
	for i := range f.Results {
		r := &f.Results[i]
		if r.Op.Do == "watch" || len(r.Op.Streams) == 0 {
			continue
		}
		switch id := r.Op.Streams[0]; r.Outcome {
		case eventcore.OutcomeApplied:
			sure[id] += max(1, r.Op.Count)
		case eventcore.OutcomeUnknown:
			maybe[id] += max(1, r.Op.Count)
		default:
		}
	}
	for _, id := range f.streams() {
		if n := len(f.Streams[id]); n < sure[id] || n > sure[id]+maybe[id] {
			return fmt.Errorf("stream %q has %d events; %d were acknowledged and %d may have been applied besides", id, n, sure[id], maybe[id])
		}
		delete(sure, id)
	}
	for i := range f.Results {
		if ids := f.Results[i].Op.Streams; len(ids) > 0 && sure[ids[0]] > 0 {
			return fmt.Errorf("stream %q is empty; %d events were acknowledged", ids[0], sure[ids[0]])
		}
	}
	return nil
}

func checkOwnVersion(f *Final) error {
	owners := make(map[eventcore.StreamVersion]*Result)
	for i := range f.Results {
		r := &f.Results[i]
		if r.Err != nil {
			continue
		}
		for _, at := range r.Executed.Appended.Streams {
			if other := owners[at]; other != nil {
				return fmt.Errorf("%s and %s both returned version %d of stream %q", other.describe(), r.describe(), at.Version, at.Stream)
			}
			owners[at] = r
		}
	}
	return nil
}

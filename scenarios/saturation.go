package scenarios

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// saturationConnections is the size of a pool that some clients saturate.
const saturationConnections = 2

// poolSaturation lets clients call the store while they are in the middle of reads.
func poolSaturation() spec {
	return spec{
		name:        "pool-saturation",
		demands:     []Demand{MultiStream},
		doc:         "more clients than a pool has connections call the store in the middle of reads; catches reads that hold what the next call needs",
		params:      Params{Clients: 5, OpsPerClient: 5, Streams: 3, MaxEvents: 2},
		codec:       makerCodec,
		pools:       func(p Params) pools { return pools{main: pool("item", p.Streams)} },
		connections: saturationConnections,
		operations: []operation{
			makes(3),
			{
				name: "nest", doc: "reads the stream of each event of a stream's read, and now and then appends there", weight: 6,
				needs: needs{streams: atLeast(1), limit: atLeast(1), amount: between(0, 1)}, run: runNest,
				draw: func(d *draw) Op {
					op := Op{Streams: d.some(d.main, 1+d.IntN(3)), Limit: d.upTo(3)}
					if d.IntN(2) == 0 {
						op.Amount = 1
					}
					return op
				},
			},
		},
		setup: func(d *draw) []Op {
			var ops []Op
			for _, id := range d.main {
				ops = append(ops, Op{Do: "make", Streams: []eventcore.StreamID{id}, Count: 2})
			}
			return ops
		},
		probes: func(d *draw) []Op {
			return []Op{{Do: "nest", Streams: d.main, Limit: 2, Amount: 1}}
		},
		reaches: func(results []Result) map[string]int {
			nested := 0
			for i := range results {
				if r := &results[i]; r.Op.Do == "nest" && r.Err == nil && len(r.Op.Streams) > 1 {
					nested++
				}
			}
			return map[string]int{"reads inside of reads": nested}
		},
	}
}

// errEnough ends reads from inside.
var errEnough = errors.New("scenarios: enough was read")

func runNest(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	err := nest(ctx, c, op, op.Streams)
	if errors.Is(err, errEnough) {
		err = nil
	}
	return eventcore.Executed{}, err
}

// nest reads the first of the streams, and for each of its first events the others.
func nest(ctx context.Context, c *Client, op *Op, streams []eventcore.StreamID) error {
	if len(streams) == 0 {
		if op.Amount == 0 {
			return nil
		}
		if _, err := eventcore.Execute(ctx, &c.spy, &scatter{&Op{Streams: op.Streams[:1], Count: 1}, c.name(), [3]string{typeMade}}, c.options...); err != nil {
			return err
		}
		return errEnough
	}
	version := eventcore.Version(0)
	for e, err := range c.Store.ReadStream(ctx, streams[0], 0) {
		if err != nil {
			return err
		}
		if version++; e.Version != version {
			return &Violation{
				"a read yields the events of its stream one by one",
				fmt.Sprintf("of stream %q, event number %d is event %d", streams[0], version, e.Version),
			}
		}
		if err := nest(ctx, c, op, streams[1:]); err != nil {
			return err
		}
		if int(version) == op.Limit {
			break
		}
	}
	return nil
}

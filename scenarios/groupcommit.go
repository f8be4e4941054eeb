package scenarios

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const typeWritten = "written"

// groupCommit lets many clients append at the same time. Nobody waits for others here, and most
// appends come without a read before them, so that of a store that lets appends share a commit
// most do.
func groupCommit() spec {
	count := between(1, 1<<10)
	return spec{
		name:          "group-commit",
		demands:       []Demand{MultiStream},
		doc:           "many clients append at the same time, most to streams of their own; catches what goes wrong between appends that share a commit",
		params:        Params{Clients: 9, OpsPerClient: 6, Streams: 6, MaxEvents: 2},
		wantsConflict: true,
		codec:         func() eventcore.Codec { return &factCodec{types: []string{typeWritten}} },
		pools:         func(p Params) pools { return pools{main: pool("writer", max(2, p.Streams))} },
		operations: []operation{
			{
				name: "write", doc: "appends to the client's stream at the version that it knows, and reads nothing before", weight: 6,
				needs: needs{streams: exactly(1), count: count}, run: runWrite,
				draw: func(d *draw) Op { return Op{Streams: d.own(), Count: d.upTo(d.params.MaxEvents)} },
			},
			{
				name: "burst", doc: "does the same at a moment at which others do too", weight: 6,
				needs: needs{streams: exactly(1), count: count}, run: runBurst,
				draw: func(d *draw) Op { return Op{Streams: d.own(), Count: d.upTo(d.params.MaxEvents)} },
			},
			{
				name: "join", doc: "appends one batch to the client's stream and that of another, as a command", weight: 2,
				needs: needs{streams: between(1, 2), count: count}, run: runJoin,
				draw: func(d *draw) Op { return Op{Streams: d.ownAndOther(), Count: 1} },
			},
			{
				name: "stale", doc: "appends to the client's stream at a version that it has seen pass, if it has", weight: 1,
				needs: needs{streams: exactly(1)}, run: runStale,
				draw: func(d *draw) Op { return Op{Streams: d.own()} },
			},
			{
				name: "read", doc: "reads a stream, which must have what the client knows of and what was written for it", weight: 1,
				needs: needs{streams: exactly(1)}, run: runReadWritten,
				draw: func(d *draw) Op { return Op{Streams: d.one(d.main)} },
			},
			{
				name: "scan", doc: "does the same with a stream in the global order", weight: 1,
				needs: needs{streams: exactly(1)}, run: runScanWritten,
				draw: func(d *draw) Op { return Op{Streams: d.own()} },
			},
		},
		setup: func(*draw) []Op { return nil },
		probes: func(d *draw) []Op {
			return []Op{{Do: "join", Streams: d.own(), Count: 1}, {Do: "read", Streams: d.own()}}
		},
		reaches: reachedInGroups,
	}
}

// own returns the stream of the client that is drawn for. With fewer streams than clients
// some share one.
func (d *draw) own() []eventcore.StreamID {
	i := d.client % len(d.main)
	return d.main[i : i+1 : i+1]
}

// ownAndOther returns the stream of the client and another one.
func (d *draw) ownAndOther() []eventcore.StreamID {
	n := len(d.main)
	own := d.client % n
	return []eventcore.StreamID{d.main[own], d.main[(own+1+d.IntN(n-1))%n]}
}

// reachedInGroups counts what is rare and must not be missing.
func reachedInGroups(results []Result) map[string]int {
	reached := map[string]int{"batches over two writers' streams": 0, "stale appends refused": 0}
	for i := range results {
		switch r := &results[i]; {
		case r.Op.Do == "join" && r.Err == nil && len(r.Op.Streams) > 1:
			reached["batches over two writers' streams"]++
		case r.Op.Do == "stale" && isConflict(r.Err):
			reached["stale appends refused"]++
		}
	}
	return reached
}

// join is the command that appends to streams, whatever they hold. The state is their versions.
type join struct {
	streams []eventcore.StreamID
	count   int
	ref     uint64
}

// Streams implements [eventcore.Command].
func (j *join) Streams() []eventcore.StreamID { return j.streams }

// Apply implements [eventcore.Command].
func (j *join) Apply(at [2]eventcore.Version, e eventcore.Event[fact]) [2]eventcore.Version {
	for i, id := range j.streams {
		if id == e.Stream {
			at[i] = e.Version
		}
	}
	return at
}

// Handle implements [eventcore.Command].
func (j *join) Handle(at [2]eventcore.Version) ([]eventcore.Emit[fact], error) {
	emits := make([]eventcore.Emit[fact], 0, j.count*len(j.streams))
	for range j.count {
		for i, id := range j.streams {
			at[i]++
			emits = append(emits, eventcore.To(id, written(id, at[i], j.ref)))
		}
	}
	return emits, nil
}

func runJoin(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	executed, err := eventcore.Execute(ctx, &c.spy, &join{op.Streams, op.Count, c.name()}, c.options...)
	if err == nil {
		c.learn(executed.Appended.Streams)
	}
	return executed, c.ownEnd(ctx, err)
}

// written is an event that says which place it was written for, and by which operation.
func written(id eventcore.StreamID, version eventcore.Version, ref uint64) fact {
	return fact{Type: typeWritten, N: int64(version), Ref: ref, Peer: id} //nolint:gosec // streams are short
}

package scenarios

import (
	"context"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const typeTold = "told"

// snapshots lets commands keep their states while others write.
func snapshots() spec {
	return spec{
		name:          "snapshots",
		demands:       []Demand{MultiStream, ReadOnly},
		doc:           "commands over several streams resume from kept states while others write; catches snapshots that are not the fold they stand for, and that go back",
		params:        Params{Clients: 4, OpsPerClient: 10, Streams: 3, MaxEvents: 3},
		wantsConflict: true,
		codec:         func() eventcore.Codec { return &factCodec{types: []string{typeTold, typeMade, typePoison}} },
		pools:         func(p Params) pools { return pools{main: pool("item", p.Streams)} },
		abilities:     []ability{ableSnapshots},
		operations: []operation{
			makes(3),
			{
				name: "tell", doc: "appends what it makes of all events of its streams, which it folds from a snapshot where it can", weight: 7,
				needs: needs{streams: atLeast(1), limit: atLeast(1)}, run: runTell,
				draw: func(d *draw) Op { return Op{Streams: d.main[:1+d.IntN(len(d.main))], Limit: d.upTo(4)} },
			},
		},
		setup: func(*draw) []Op { return nil },
		probes: func(d *draw) []Op {
			return []Op{{Do: "tell", Streams: d.main, Limit: 1}, {Do: "tell", Streams: d.main, Limit: 1}}
		},
		reaches: func(results []Result) map[string]int {
			reached := map[string]int{"snapshots resumed": 0, "snapshots saved": 0, "snapshots refused as older": 0}
			for i := range results {
				if results[i].Executed.Snapshot.Resumed {
					reached["snapshots resumed"]++
				}
				for n := range results[i].Snapshots {
					switch act := &results[i].Snapshots[n]; {
					case !act.Save || act.Err != nil:
					case act.Found:
						reached["snapshots saved"]++
					default:
						reached["snapshots refused as older"]++
					}
				}
			}
			return reached
		},
		invariants: []Invariant{
			{"fold", "a snapshot is what the streams fold to, up to its versions and in its order", checkSnapshotFold},
			{"no regress", "a snapshot is never replaced by one that does not cover it", checkSnapshotRegress},
			{"decided on the fold", "a command that resumed decides on what the streams fold to", checkTold},
		},
	}
}

// SnapshotAct is a load or a save of a snapshot.
type SnapshotAct struct {
	Save bool
	// Call and Return are logical times.
	Call, Return int64
	Key          eventcore.SnapshotKey
	Snapshot     eventcore.Snapshot
	// Found says that there was one to load, or that it was saved.
	Found bool
	Err   error
}

// told is what a command has folded: a number that every event and their order change.
type told struct {
	Sum uint64 `json:"sum"`
}

// with folds an event in.
func (s told) with(stream eventcore.StreamID, version eventcore.Version) told {
	const prime = 1099511628211 // FNV-1a
	sum := s.Sum
	for _, c := range []byte(stream.String()) {
		sum = (sum ^ uint64(c)) * prime
	}
	return told{(sum ^ uint64(version)) * prime}
}

// number returns the state as a number that every reader of JSON holds exactly.
func (s told) number() int64 { return int64(s.Sum >> 11) }

// tell is the command that appends what it has folded.
type tell struct {
	streams []eventcore.StreamID
	ref     uint64
}

// Streams implements [eventcore.Command].
func (t *tell) Streams() []eventcore.StreamID { return t.streams }

// Apply implements [eventcore.Command].
func (t *tell) Apply(s told, e eventcore.Event[fact]) told { return s.with(e.Stream, e.Version) }

// Handle implements [eventcore.Command].
func (t *tell) Handle(s told) ([]eventcore.Emit[fact], error) {
	last := t.streams[len(t.streams)-1]
	return []eventcore.Emit[fact]{eventcore.To(last, fact{Type: typeTold, N: s.number(), Ref: t.ref})}, nil
}

// SnapshotKey implements [eventcore.Snapshotter].
func (t *tell) SnapshotKey() eventcore.SnapshotKey {
	names := make([]string, len(t.streams))
	for i, id := range t.streams {
		names[i] = id.String()
	}
	return eventcore.SnapshotKey{Name: "tell " + strings.Join(names, " ")}
}

func runTell(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	spy := &spySnapshots{c, c.State.Snapshots}
	options := append(slices.Clip(c.options), eventcore.WithSnapshots(spy, op.Limit))
	return eventcore.Execute(ctx, &c.spy, &tell{op.Streams, c.name()}, options...)
}

// spySnapshots notes what is loaded and saved.
type spySnapshots struct {
	client *Client
	inner  eventcore.SnapshotStore
}

// LoadSnapshot implements [eventcore.SnapshotStore].
func (s *spySnapshots) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	call := s.client.tick()
	kept, found, err := s.inner.LoadSnapshot(ctx, key)
	s.did(SnapshotAct{Call: call, Key: key, Snapshot: kept, Found: found, Err: err})
	return kept, found, err
}

// SaveSnapshot implements [eventcore.SnapshotStore].
func (s *spySnapshots) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (bool, error) {
	call := s.client.tick()
	saved, err := s.inner.SaveSnapshot(ctx, key, snapshot)
	s.did(SnapshotAct{Save: true, Call: call, Key: key, Snapshot: snapshot, Found: saved, Err: err})
	return saved, err
}

func (s *spySnapshots) did(act SnapshotAct) {
	act.Return = s.client.tick()
	s.client.kept = append(s.client.kept, act)
}

package scenarios_test

import (
	"encoding/json"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// snapshot returns the n-th save, from 0, or load of a snapshot that was there, and its
// operation.
func (b *bench) snapshot(save bool, n int) (*scenarios.Result, *scenarios.SnapshotAct) {
	b.t.Helper()
	for i := range b.Results {
		for k := range b.Results[i].Snapshots {
			act := &b.Results[i].Snapshots[k]
			if act.Save != save || !act.Found || act.Err != nil {
				continue
			}
			if n == 0 {
				return &b.Results[i], act
			}
			n--
		}
	}
	require.FailNow(b.t, "the run has too few snapshots")
	return nil, nil
}

func plantedInSnapshots() []planted {
	return []planted{
		{"snapshots", "fold", "they fold to", func(b *bench) {
			_, act := b.snapshot(true, 1)
			act.Snapshot.State = json.RawMessage(`{"sum":7}`)
		}},
		{"snapshots", "fold", "has 0 events", func(b *bench) {
			_, act := b.snapshot(false, 0)
			act.Snapshot.Streams = []eventcore.StreamVersion{{Stream: eventcore.MustStreamID("elsewhere"), Version: 1}}
		}},
		{"snapshots", "fold", "invalid character", func(b *bench) {
			_, act := b.snapshot(false, 0)
			act.Snapshot.State = json.RawMessage(`no JSON`)
		}},
		{"snapshots", "no regress", "after one of", func(b *bench) {
			r, act := b.snapshot(true, 0)
			late := *act
			late.Save, late.Call, late.Return = false, act.Return+1, act.Return+2
			late.Snapshot.Streams = []eventcore.StreamVersion{{Stream: act.Snapshot.Streams[0].Stream, Version: act.Snapshot.Streams[0].Version - 1}}
			r.Snapshots = append(r.Snapshots, late)
		}},
		{"snapshots", "no regress", "finds no snapshot", func(b *bench) {
			r, act := b.snapshot(true, 0)
			r.Snapshots = append(r.Snapshots, scenarios.SnapshotAct{Key: act.Key, Call: act.Return + 1, Return: act.Return + 2})
		}},
		{"snapshots", "decided on the fold", "decided on", func(b *bench) {
			r := b.applied("tell", 1)
			r.Attempts[0].Events[0].Event.Data = json.RawMessage(`{"n":1}`)
		}},
		{"snapshots", "decided on the fold", "events, not", func(b *bench) {
			r := b.applied("tell", 1)
			r.Executed.Read = []eventcore.StreamVersion{{Stream: r.Op.Streams[0], Version: 1000}}
		}},
	}
}

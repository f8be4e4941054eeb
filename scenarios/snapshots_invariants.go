package scenarios

import (
	"encoding/json"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// snapshotActs calls check with each load and save of a snapshot that succeeded.
func (f *Final) snapshotActs(check func(r *Result, act *SnapshotAct) error) error {
	for i := range f.Results {
		r := &f.Results[i]
		for n := range r.Snapshots {
			act := &r.Snapshots[n]
			if act.Err != nil {
				continue
			}
			if err := check(r, act); err != nil {
				return err
			}
		}
	}
	return nil
}

// fold returns what streams fold to, one after the other, each up to its version.
func (f *Final) fold(streams []eventcore.StreamVersion) (told, error) {
	var s told
	for _, at := range streams {
		events := f.Streams[at.Stream]
		if uint64(len(events)) < uint64(at.Version) {
			return s, fmt.Errorf("stream %q has %d events, not %d", at.Stream, len(events), at.Version)
		}
		for i := range events[:at.Version] {
			s = s.with(at.Stream, events[i].Version)
		}
	}
	return s, nil
}

func checkSnapshotFold(f *Final) error {
	return f.snapshotActs(func(r *Result, act *SnapshotAct) error {
		if !act.Found && !act.Save {
			return nil
		}
		want, err := f.fold(act.Snapshot.Streams)
		var got told
		if err == nil {
			err = json.Unmarshal(act.Snapshot.State, &got)
		}
		if err == nil && got != want {
			err = fmt.Errorf("it says %d, they fold to %d", got.Sum, want.Sum)
		}
		if err != nil {
			return fmt.Errorf("%s: snapshot %q of %v: %w", r.describe(), act.Key.Name, act.Snapshot.Streams, err)
		}
		return nil
	})
}

func checkSnapshotRegress(f *Final) error {
	saved := make(map[eventcore.SnapshotKey][]*SnapshotAct)
	_ = f.snapshotActs(func(_ *Result, act *SnapshotAct) error {
		if act.Save && act.Found {
			saved[act.Key] = append(saved[act.Key], act)
		}
		return nil
	})
	return f.snapshotActs(func(r *Result, act *SnapshotAct) error {
		if act.Save {
			return nil
		}
		for _, before := range saved[act.Key] {
			if before.Return >= act.Call {
				continue
			}
			if !act.Found {
				return fmt.Errorf("%s finds no snapshot %q, after one of %v was saved", r.describe(), act.Key.Name, before.Snapshot.Streams)
			}
			if !act.Snapshot.Covers(&before.Snapshot) {
				return fmt.Errorf("%s finds a snapshot %q of %v, after one of %v was saved",
					r.describe(), act.Key.Name, act.Snapshot.Streams, before.Snapshot.Streams)
			}
		}
		return nil
	})
}

func checkTold(f *Final) error {
	for i := range f.Results {
		r := &f.Results[i]
		if r.Op.Do != "tell" || r.Err != nil {
			continue
		}
		want, err := f.fold(r.Executed.Read)
		if err != nil {
			return fmt.Errorf("%s: %w", r.describe(), err)
		}
		said, err := f.peers.parse(r.Attempts[len(r.Attempts)-1].Events[0].Event.Data)
		if err != nil {
			return fmt.Errorf("%s: %w", r.describe(), err)
		}
		if said.N != want.number() {
			return fmt.Errorf("%s decided on %d; %v fold to %d", r.describe(), said.N, r.Executed.Read, want.number())
		}
	}
	return nil
}

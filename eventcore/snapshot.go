package eventcore

import (
	"context"
	"encoding/json"
)

// SnapshotStore keeps folded states of commands, so that an execution need not fold long
// streams from their beginning. What it has can be lost without harm: a snapshot only
// saves time. A [Store] may implement it. All methods are safe for concurrent use, also from
// several processes on one store. A failure is a [*StoreFailure].
type SnapshotStore interface {
	// LoadSnapshot returns the snapshot that was saved last under the key, and whether
	// there is one.
	LoadSnapshot(ctx context.Context, key SnapshotKey) (Snapshot, bool, error)

	// SaveSnapshot keeps a snapshot in place of the one that is there, if it covers that:
	// every stream of the old one is in the new one, at the same or a greater version.
	// Else the old one stays, which is no error: saved tells.
	SaveSnapshot(ctx context.Context, key SnapshotKey, snapshot Snapshot) (saved bool, err error)
}

// SnapshotKey names the state of a command.
type SnapshotKey struct {
	// Name is the command's, with what tells its states apart, such as the streams it
	// declares. It is not empty.
	Name string
	// Schema is the version of the state's type: states of other versions are kept apart,
	// so that two versions of a program can run side by side.
	Schema uint32
}

// Snapshot is a state and what it was folded from.
type Snapshot struct {
	// Streams has the streams in the order in which they were read, each at the version
	// to which it was folded.
	Streams []StreamVersion
	// State is one JSON value.
	State json.RawMessage
}

// Covers says whether s is at least as new as the other in every stream of that.
func (s *Snapshot) Covers(other *Snapshot) bool {
	at := make(map[StreamID]Version, len(s.Streams))
	for _, stream := range s.Streams {
		at[stream.Stream] = stream.Version
	}
	for _, old := range other.Streams {
		if version, found := at[old.Stream]; !found || version < old.Version {
			return false
		}
	}
	return true
}

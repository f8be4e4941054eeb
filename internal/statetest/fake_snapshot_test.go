package statetest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// under is the key that the fake uses.
func (h *fakeHandle) under(key eventcore.SnapshotKey) eventcore.SnapshotKey {
	key.Name = h.name(key.Name)
	switch h.bug {
	case "ignores the schema":
		key.Schema = 0
	case "cuts the schema to 31 bits":
		key.Schema &= 1<<31 - 1
	}
	return key
}

func (h *fakeHandle) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	if err := h.refused(ctx, eventcore.OpLoadSnapshot, key.Name == ""); err != nil {
		return eventcore.Snapshot{}, false, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key = h.under(key)
	kept, found := h.snapshots[key]
	kept = seen(h, key.Name, kept)
	if h.is("hands out its own slices") {
		return kept, found, nil
	}
	return copied(kept), found, nil
}

func copied(s eventcore.Snapshot) eventcore.Snapshot {
	return eventcore.Snapshot{Streams: slices.Clone(s.Streams), State: slices.Clone(s.State)}
}

func (h *fakeHandle) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (bool, error) {
	refused := h.refused(ctx, eventcore.OpSaveSnapshot, key.Name == "")
	if refused != nil && !h.is("does what it refuses") {
		return false, refused
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key = h.under(key)
	old, found := h.snapshots[key]
	h.between()
	if found && !h.covers(&snapshot, &old) {
		return h.is("always says saved"), nil
	}
	h.snapshots[key] = h.kept(snapshot, &old)
	return true, refused
}

// covers says whether the fake replaces the old snapshot.
func (h *fakeHandle) covers(next, old *eventcore.Snapshot) bool {
	sum := func(s *eventcore.Snapshot) (sum eventcore.Version) {
		for _, stream := range s.Streams {
			sum += stream.Version
		}
		return sum
	}
	switch h.bug {
	case "replaces whatever comes":
		return true
	case "replaces nothing":
		return false
	case "adds versions up":
		return sum(next) >= sum(old)
	case "looks at the first stream":
		return len(next.Streams) > 0 && (len(old.Streams) == 0 || next.Streams[0].Version >= old.Streams[0].Version)
	case "wants more than is there":
		return next.Covers(old) && sum(next) > sum(old)
	}
	return next.Covers(old)
}

// kept is what the fake keeps of a snapshot.
func (h *fakeHandle) kept(s eventcore.Snapshot, old *eventcore.Snapshot) eventcore.Snapshot {
	switch h.bug {
	case "keeps the caller's slices":
		return s
	case "makes JSON compact":
		var b bytes.Buffer
		_ = json.Compact(&b, s.State)
		s.State = b.Bytes()
	case "sorts the streams":
		s = copied(s)
		slices.SortFunc(s.Streams, func(a, b eventcore.StreamVersion) int { return cmp.Compare(a.Stream.String(), b.Stream.String()) })
	case "keeps versions as floats":
		s = copied(s)
		for i := range s.Streams {
			s.Streams[i].Version = eventcore.Version(float64(s.Streams[i].Version) / 2)
		}
	case "cuts large states":
		const most = 1 << 20
		s.State = s.State[:min(len(s.State), most)]
	case "keeps the old state":
		if old.State != nil {
			s.State = old.State
		}
	}
	return copied(s)
}

func TestTheChecksOfSnapshotsFindBugs(t *testing.T) {
	const kept, covered = "a snapshot comes back as it was", "a snapshot is replaced by one that covers it alone"
	const apart, owned = "keys are kept apart", "the caller may use its slices again"
	const done, raced = "a done context saves nothing", "concurrent saves never regress"
	finds(t, snapshotChecks(), []planted{
		{"makes JSON compact", kept},
		{"sorts the streams", kept},
		{"keeps versions as floats", kept},
		{"cuts large states", kept},
		{"replaces whatever comes", covered},
		{"replaces nothing", covered},
		{"adds versions up", covered},
		{"looks at the first stream", covered},
		{"wants more than is there", covered},
		{"always says saved", covered},
		{"keeps the old state", covered},
		{"ignores the schema", apart},
		{"cuts the schema to 31 bits", apart},
		{"folds case", apart},
		{"cuts long names", apart},
		{"remembers what it saw first", "another handle sees a save that has returned"},
		{"forgets when it is closed", "a snapshot is there after reopening"},
		{"replaces whatever comes", "a snapshot is there after reopening"},
		{"keeps the caller's slices", owned},
		{"hands out its own slices", owned},
		{"ignores the context", done},
		{"hides the context", done},
		{"names another operation", done},
		{"does what it refuses", done},
		{"takes empty names", "a key without a name is refused"},
		{"looks, then does", raced},
		{"replaces whatever comes", raced},
		{"adds versions up", raced},
		{"always says saved", raced},
		{"keeps the old state", raced},
	})
}

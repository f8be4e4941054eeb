package statetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Snapshots checks a [eventcore.SnapshotStore]. place returns an empty place for each
// check.
func Snapshots(t *testing.T, place func(testing.TB) Place[eventcore.SnapshotStore]) {
	t.Helper()
	all(t, snapshotChecks(), place)
}

type snapshotHandles = handles[eventcore.SnapshotStore]

func snapshotChecks() []check[eventcore.SnapshotStore] {
	return []check[eventcore.SnapshotStore]{
		{name: "a snapshot comes back as it was", run: snapshotKept},
		{name: "a snapshot is replaced by one that covers it alone", run: snapshotCovered},
		{name: "keys are kept apart", run: snapshotsApart},
		{name: "another handle sees a save that has returned", run: snapshotSeen},
		{name: "a snapshot is there after reopening", run: snapshotReopened},
		{name: "the caller may use its slices again", run: snapshotOwned},
		{name: "a done context saves nothing", run: snapshotCancelled},
		{name: "a key without a name is refused", run: snapshotOfNone},
		{name: "concurrent saves never regress", run: snapshotRaced},
	}
}

// accounts is a key.
var accounts = eventcore.SnapshotKey{Name: "transfer a b", Schema: 1}

// vector is where the streams are, in order: "a=1 b=2".
func vector(text string) []eventcore.StreamVersion {
	var streams []eventcore.StreamVersion
	for word := range strings.FieldsSeq(text) {
		name, number, _ := strings.Cut(word, "=")
		var version uint64
		if _, err := fmt.Sscan(number, &version); err != nil {
			panic(err)
		}
		streams = append(streams, eventcore.StreamVersion{Stream: eventcore.MustStreamID(name), Version: eventcore.Version(version)})
	}
	return streams
}

func snapshot(streams, state string) eventcore.Snapshot {
	return eventcore.Snapshot{Streams: vector(streams), State: json.RawMessage(state)}
}

func same(a, b *eventcore.Snapshot) bool {
	return slices.Equal(a.Streams, b.Streams) && bytes.Equal(a.State, b.State)
}

// wantSnapshot returns an error unless the snapshot is the one that is loaded.
func wantSnapshot(ctx context.Context, store eventcore.SnapshotStore, key eventcore.SnapshotKey, want *eventcore.Snapshot) error {
	got, found, err := store.LoadSnapshot(ctx, key)
	if err != nil {
		return err
	}
	if !found || !same(&got, want) {
		return fmt.Errorf("loaded (%t) %s, want %s", found, short(&got), short(want))
	}
	return nil
}

func short(s *eventcore.Snapshot) string {
	const most = 60
	return fmt.Sprintf("%d bytes %.*q of %v", len(s.State), most, s.State[:min(len(s.State), most)], s.Streams)
}

// wantNone returns an error unless there is no snapshot.
func wantNone(ctx context.Context, store eventcore.SnapshotStore, key eventcore.SnapshotKey) error {
	got, found, err := store.LoadSnapshot(ctx, key)
	if err == nil && (found || !same(&got, &eventcore.Snapshot{})) {
		return fmt.Errorf("there is %s under %q, want nothing", short(&got), key.Name)
	}
	return err
}

// save saves and compares what the store says of it.
func save(ctx context.Context, store eventcore.SnapshotStore, key eventcore.SnapshotKey, s *eventcore.Snapshot, want bool) error {
	saved, err := store.SaveSnapshot(ctx, key, *s)
	if err == nil && saved != want {
		return fmt.Errorf("saving %s says %t, want %t", short(s), saved, want)
	}
	return err
}

// bigState is the size of a large state in bytes.
const bigState = 3 << 20

func snapshotKept(ctx context.Context, in *snapshotHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	if err := wantNone(ctx, store, accounts); err != nil {
		return err
	}
	var odd []eventcore.StreamVersion
	for i, name := range unusual() {
		odd = append(odd, eventcore.StreamVersion{Stream: eventcore.MustStreamID(name), Version: eventcore.Version(math.MaxUint64 - uint64(i))})
	}
	slices.Reverse(odd)
	for i, kept := range []eventcore.Snapshot{
		snapshot("z=3 a=1", ` { "b":1 , "a":2, "a":3,"n":12345678901234567890.10e5,"s":"\u00e4ä\u0000<>&" }`),
		snapshot("", `null`), snapshot("a=0", `"`+strings.Repeat("x", bigState)+`"`),
		{Streams: odd, State: json.RawMessage(`{}`)},
	} {
		key := eventcore.SnapshotKey{Name: fmt.Sprint("key ", i), Schema: 1}
		if err := save(ctx, store, key, &kept, true); err != nil {
			return err
		}
		if err := wantSnapshot(ctx, store, key, &kept); err != nil {
			return err
		}
	}
	return nil
}

// coverings has the vectors of an old and a new snapshot and whether that covers it.
var coverings = []struct {
	old, next string
	saved     bool
}{
	{"a=1 b=1", "a=1 b=1", true},
	{"a=1 b=1", "b=1 a=1", true},
	{"a=1 b=1", "a=2 b=1", true},
	{"a=1 b=1", "a=2 b=2 c=1", true},
	{"a=1 b=1", "a=0 b=1", false},
	{"a=1 b=1", "a=9 b=0", false},
	{"a=1 b=1", "a=0 b=9", false},
	{"a=1 b=1", "a=9", false},
	{"a=1 b=1", "c=9 d=9 e=9", false},
	{"a=1 b=1", "", false},
	{"a=0", "b=7", false},
	{"", "", true},
	{"", "a=0", true},
	{"a=9", "a=10", true},
	{"a=10", "a=9", false},
	{"a=9223372036854775807", "a=9223372036854775808", true},
	{"a=18446744073709551615", "a=1", false},
}

func snapshotCovered(ctx context.Context, in *snapshotHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	for i, c := range coverings {
		key := eventcore.SnapshotKey{Name: fmt.Sprint("key ", i)}
		old, next := snapshot(c.old, `"old"`), snapshot(c.next, `"new"`)
		if err := save(ctx, store, key, &old, true); err != nil {
			return err
		}
		if err := save(ctx, store, key, &next, c.saved); err != nil {
			return fmt.Errorf("over %s: %w", short(&old), err)
		}
		left := &old
		if c.saved {
			left = &next
		}
		if err := wantSnapshot(ctx, store, key, left); err != nil {
			return err
		}
	}
	return nil
}

package statetest

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// keys are those that a store may mistake for each other. A name may be longer than that
// of a stream, and be any bytes.
func keys() []eventcore.SnapshotKey {
	// A long name that does not compress, since databases compress what they keep.
	var mixed strings.Builder
	for i := range 2000 {
		fmt.Fprint(&mixed, i*i*i, " ")
	}
	long := mixed.String()
	names := append(unusual(), long+"x", long+"y", " ", " a", "a ", "a*", "[a]", "a\x00", "a\x00b", "\xff", "\xfe\xff")
	var all []eventcore.SnapshotKey
	for _, name := range names {
		for _, schema := range []uint32{0, 1, math.MaxInt32 + 1, math.MaxUint32} {
			all = append(all, eventcore.SnapshotKey{Name: name, Schema: schema})
		}
	}
	// What a store that joins name and number would mistake.
	return append(all, eventcore.SnapshotKey{Name: "k1", Schema: 1}, eventcore.SnapshotKey{Name: "k", Schema: 11}, eventcore.SnapshotKey{Name: "k11"})
}

// snapshotsApart saves under each key what no other key's snapshot covers.
func snapshotsApart(ctx context.Context, in *snapshotHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	state := func(i int) eventcore.Snapshot { return snapshot(fmt.Sprintf("s%d=1", i), fmt.Sprint(i)) }
	for i, key := range keys() {
		kept := state(i)
		if err := save(ctx, store, key, &kept, true); err != nil {
			return fmt.Errorf("key %q %d: %w", key.Name, key.Schema, err)
		}
	}
	for i, key := range keys() {
		kept := state(i)
		if err := wantSnapshot(ctx, store, key, &kept); err != nil {
			return fmt.Errorf("key %q %d: %w", key.Name, key.Schema, err)
		}
	}
	return nil
}

func snapshotSeen(ctx context.Context, in *snapshotHandles) error {
	one, other, err := in.two(ctx)
	if err != nil {
		return err
	}
	for n := range 20 {
		kept := snapshot(fmt.Sprintf("a=%d", n), fmt.Sprint(n))
		if err := save(ctx, one, accounts, &kept, true); err != nil {
			return err
		}
		if err := wantSnapshot(ctx, other, accounts, &kept); err != nil {
			return fmt.Errorf("through the other handle: %w", err)
		}
		one, other = other, one
	}
	return nil
}

func snapshotReopened(ctx context.Context, in *snapshotHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	kept, older := snapshot("a=5 b=2", `{"n": 1}`), snapshot("a=4 b=9", `{}`)
	if err := save(ctx, store, accounts, &kept, true); err != nil {
		return err
	}
	if store, err = in.reopen(ctx); err != nil {
		return err
	}
	if err := wantSnapshot(ctx, store, accounts, &kept); err != nil {
		return err
	}
	return save(ctx, store, accounts, &older, false)
}

// snapshotOwned overwrites what it has saved and what it has loaded.
func snapshotOwned(ctx context.Context, in *snapshotHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	spoil := func(s *eventcore.Snapshot) {
		clear(s.State)
		clear(s.Streams)
	}
	const streams, state = "a=5 b=2", `{"n": 1}`
	given, want := snapshot(streams, state), snapshot(streams, state)
	if err := save(ctx, store, accounts, &given, true); err != nil {
		return err
	}
	spoil(&given)
	for range 2 {
		got, _, err := store.LoadSnapshot(ctx, accounts)
		if err != nil {
			return err
		}
		if !same(&got, &want) {
			return fmt.Errorf("the snapshot is %s once the caller has used its slices again, want %s", short(&got), short(&want))
		}
		spoil(&got)
	}
	return nil
}

func snapshotCancelled(ctx context.Context, in *snapshotHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	_, err = store.SaveSnapshot(cancelled(ctx), accounts, snapshot("a=1", "1"))
	if err := wantFailure(err, eventcore.OpSaveSnapshot, context.Canceled); err != nil {
		return err
	}
	_, _, err = store.LoadSnapshot(cancelled(ctx), accounts)
	if err := wantFailure(err, eventcore.OpLoadSnapshot, context.Canceled); err != nil {
		return err
	}
	return wantNone(ctx, store, accounts)
}

func snapshotOfNone(ctx context.Context, in *snapshotHandles) error {
	store, err := in.open(ctx)
	if err != nil {
		return err
	}
	_, err = store.SaveSnapshot(ctx, eventcore.SnapshotKey{Schema: 1}, snapshot("a=1", "1"))
	if err := wantFailure(err, eventcore.OpSaveSnapshot, nil); err != nil {
		return err
	}
	_, _, err = store.LoadSnapshot(ctx, eventcore.SnapshotKey{Schema: 1})
	return wantFailure(err, eventcore.OpLoadSnapshot, nil)
}

package mutant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Mutant is a planted bug.
type Mutant struct {
	// Name is what [Lookup] knows it by.
	Name string
	// Doc says in a sentence what the bug is.
	Doc string
	// Layer is where it sits.
	Layer Layer
	// Wrap plants the bug in a store. Each call returns a fresh instance that
	// shares no state with others; it implements [eventcore.AllReader] if and only
	// if inner does, and is as safe for concurrent use as inner is.
	Wrap func(inner eventcore.Store) eventcore.Store
	// Checkpoints, Coordinator and Snapshots plant it in what a store keeps besides events,
	// on the layer Backend; nil: the bug is not there.
	Checkpoints func(inner eventcore.CheckpointStore) eventcore.CheckpointStore
	Coordinator func(inner eventcore.Coordinator) eventcore.Coordinator
	Snapshots   func(inner eventcore.SnapshotStore) eventcore.SnapshotStore
	// Apply and Notice plant it in a projection, on the layer Client: in what applies an
	// event, which is given what saves a checkpoint, and in what reports a notice, which is
	// given what applies an event.
	Apply func(
		apply func(ctx context.Context, event eventcore.Recorded) error,
		save func(ctx context.Context, at eventcore.Position) error,
	) func(ctx context.Context, event eventcore.Recorded) error
	Notice func(
		take func(eventcore.ProjectionNotice),
		apply func(ctx context.Context, event eventcore.Recorded) error,
	) func(eventcore.ProjectionNotice)
	// NeedsFaults names kinds of faults, as package chaos does, of which at least
	// one must fire for the bug to show. Empty: it shows without faults.
	NeedsFaults []string
	// Forgets names the operations of the disk that do nothing, as they stand in traces:
	// see package sim/disk. It is for the mutants of the layer Disk.
	Forgets []string
	// Ignores names operations of the disk whose failures are taken for success, likewise.
	Ignores []string
}

// Layer is the place of a mutant among the wrappers of a store.
type Layer uint8

const (
	// Backend is below the faults: one instance is shared by all clients, as a bug
	// in the store itself would be.
	Backend Layer = iota
	// Client is above the faults: each client has an instance of its own, which
	// sees the injected errors, as a bug in a client library would.
	Client
	// Disk is below the backend: operations that a store should do and forgets. Only a
	// backend that survives crashes can show it, and only where one happens.
	Disk
)

// String returns "backend", "client" or "disk".
func (l Layer) String() string { return [...]string{"backend", "client", "disk"}[l] }

// All returns the mutants that wrap a store, in a fixed order.
func All() []Mutant {
	return []Mutant{
		lostAppend(), tornAppend(), uncheckedParticipant(), checkOutsideLock(), partialConflict(),
		falseConflict(), reorderedBatch(), wrongVersionResult(),
		staleRead(), earlyEnd(), afterOffByOne(), cursorSkip(),
		duplicateAppend(), unknownAsNotApplied(), swallowedDecodeError(),
	}
}

// OfDisk returns the mutants of the layer Disk, in a fixed order.
func OfDisk() []Mutant {
	return []Mutant{
		{
			Name: "unsynced-file", Doc: "what is written to a file is never synced: it may be cut off after a crash",
			Layer: Disk, Wrap: unchanged, Forgets: []string{"sync"},
		},
		{
			Name: "unsynced-directory", Doc: "directories are never synced: files may be gone after a crash, or be back",
			Layer: Disk, Wrap: unchanged, Forgets: []string{"sync directory"},
		},
	}
}

// OfDiskFaults returns the mutants that only faults of the disk can show, in a fixed order.
func OfDiskFaults() []Mutant {
	return []Mutant{
		{
			Name: "ignored-sync-failure", Doc: "a sync of a file or a directory that fails is taken for one that worked",
			Layer: Disk, Wrap: unchanged,
			Ignores: []string{"sync", "sync directory"}, NeedsFaults: []string{"disk-fsync"},
		},
		syncFailureAsNotApplied(),
	}
}

// OfState returns the mutants of what stores keep besides events and of what follows it,
// in a fixed order. Scenarios that use such state can show them.
func OfState() []Mutant {
	mutants := []Mutant{
		orderByID(), checkpointBack(), savedBeforeApply(), appliedTwice(), swallowedPoison(), appliedPoison(),
		sharedLease(), leaseForEver(), repeatedToken(), staleCheck(), heldConnection(), snapshotBack(), snapshotTorn(),
	}
	for i := range mutants {
		if mutants[i].Wrap == nil {
			mutants[i].Wrap = unchanged
		}
	}
	return mutants
}

// Lookup returns the mutant of that name. Its error names those there are.
func Lookup(name string) (Mutant, error) {
	var known []string
	for _, m := range slices.Concat(All(), OfState(), OfDisk(), OfDiskFaults()) {
		if m.Name == name {
			return m, nil
		}
		known = append(known, m.Name)
	}
	return Mutant{}, fmt.Errorf("mutant: none is named %q; there are %s", name, strings.Join(known, ", "))
}

// unchanged is Wrap of a mutant whose bug lies elsewhere.
func unchanged(inner eventcore.Store) eventcore.Store { return inner }

// WrapState plants the bug in what a store keeps besides events. What is nil stays nil.
func (m *Mutant) WrapState(
	checkpoints eventcore.CheckpointStore, coordinator eventcore.Coordinator, snapshots eventcore.SnapshotStore,
) (eventcore.CheckpointStore, eventcore.Coordinator, eventcore.SnapshotStore) {
	if checkpoints != nil && m.Checkpoints != nil {
		checkpoints = m.Checkpoints(checkpoints)
	}
	if coordinator != nil && m.Coordinator != nil {
		coordinator = m.Coordinator(coordinator)
	}
	if snapshots != nil && m.Snapshots != nil {
		snapshots = m.Snapshots(snapshots)
	}
	return checkpoints, coordinator, snapshots
}

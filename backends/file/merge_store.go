package file

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/eventcore-go/eventcore-sim/backends/file/internal/dag"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/gate"
)

// ErrIdentityConflict is what errors.Is finds where two transactions of one replica do not
// know of one another: two working copies bear one name.
var ErrIdentityConflict = errors.New("two working copies bear the name of one replica")

// ErrForeignPosition is what errors.Is finds in the failure of a read that begins at a
// position of another replica, or of this one before its order of ingestion was lost.
var ErrForeignPosition = errors.New("the position belongs to another order of ingestion; begin anew at the zero Position")

// MergeStore is a store whose directory is one of several working copies, each appended to
// for itself, whose files version control brings together. It has the format of [Store] and
// is outside the store's common contract: an append that was accepted here may turn out to
// contradict one that was accepted elsewhere ([MergeStore.DetectForks]).
//
// The order of a stream and its versions are a function of the set of files. The global
// order is that in which this replica has come to know of transactions, and never changes
// what a cursor has passed: checkpoints and leases are those of a Store. It keeps no
// snapshots of command states, since a merge may change what they were made of. Files that something else puts into the directory are taken in
// by OpenMerge, [MergeStore.Refresh], [MergeStore.Status], [MergeStore.DetectForks] and
// [MergeStore.Reconcile], not by reads and appends. It is safe for concurrent use.
type MergeStore struct {
	store *Store
	cfg   MergeConfig

	// Who is in the store's gate owns what follows.
	log ingestion
	// nodes are the transactions that were ingested, order the same in their canonical order,
	// heads those that no other one follows.
	nodes []dag.Node
	order []eventcore.EventID
	heads []eventcore.EventID
	// first is the index of each transaction's first event among the entries.
	first map[eventcore.EventID]int
	found *history
	// unsettled: an append or an ingestion has failed half way; draft is what it may have
	// left in tmp. suspect: a sync may have failed on any file that is not ingested yet.
	unsettled, suspect bool
	draft              string

	// The store's mu guards what follows.
	refusal  error
	topology uint64
}

// ReadStream implements [eventcore.Store]: the canonical order, with the versions that
// follow from it. After a merge an event may have another version than before.
func (m *MergeStore) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		if err := m.refused(); err != nil {
			yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: eventcore.OpReadStream, Err: err})
			return
		}
		m.store.ReadStream(ctx, id, after)(yield)
	}
}

// ReadAll implements [eventcore.AllReader]: the order in which this replica has ingested
// the events. An event that a cursor has not passed never comes to lie before it. The
// versions are those of the moment. A position of another replica is refused with
// [ErrForeignPosition].
func (m *MergeStore) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		err := m.refused()
		if hi, _ := after.Parts(); err == nil && !after.IsZero() && hi != m.store.log {
			err = fmt.Errorf("position %s: %w", after, ErrForeignPosition)
		}
		if err != nil {
			yield(eventcore.Recorded{}, &eventcore.StoreFailure{Operation: eventcore.OpReadAll, Err: err})
			return
		}
		m.store.ReadAll(ctx, filter, after, limit)(yield)
	}
}

// TopologyGeneration grows whenever what was ingested is not merely added after all that
// was there: events that were read before have other places and versions then. A projection
// that depends on the canonical order must be made anew when it has grown. It is kept with
// the order of ingestion.
func (m *MergeStore) TopologyGeneration() uint64 {
	m.store.mu.RLock()
	defer m.store.mu.RUnlock()
	return m.topology
}

// Replica returns the name of this working copy in the headers of its appends.
func (m *MergeStore) Replica() eventcore.EventID { return m.store.replica }

// refused says why nothing may be read or appended.
func (m *MergeStore) refused() error {
	m.store.mu.RLock()
	defer m.store.mu.RUnlock()
	return m.refusal
}

func (m *MergeStore) refuse(err error) {
	m.store.mu.Lock()
	m.refusal = err
	m.store.mu.Unlock()
}

// Close waits for the calls that are under way, then gives up the lock. It may be called
// more than once; it returns the same each time.
func (m *MergeStore) Close() error {
	s := m.store
	s.closing.Do(func() {
		for _, g := range []gate.Gate{s.leases.gate, s.checkpoints.gate, s.gate} {
			g.Close()
		}
		if !m.unsettled && (!m.suspect || m.found != nil && len(m.found.bad) == 0 && len(m.found.all) == len(m.order)) {
			_ = s.fs.Remove(suspectFile) // without it the next one to open has less to do
		}
		s.closed = s.lock.Close()
	})
	return s.closed
}

// LoadCheckpoint implements [eventcore.CheckpointStore], as [Store.LoadCheckpoint] does.
// Checkpoints belong to this working copy.
func (m *MergeStore) LoadCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Position, error) {
	if err := m.refused(); err != nil {
		return eventcore.Position{}, failed(eventcore.OpLoadCheckpoint, err)
	}
	return m.store.LoadCheckpoint(ctx, subscription)
}

// SaveCheckpoint implements [eventcore.CheckpointStore], as [Store.SaveCheckpoint] does. A
// position of another replica is refused with [ErrForeignPosition].
func (m *MergeStore) SaveCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	err := m.refused()
	if hi, _ := at.Parts(); err == nil && !at.IsZero() && hi != m.store.log {
		err = fmt.Errorf("position %s: %w", at, ErrForeignPosition)
	}
	if err != nil {
		return eventcore.Position{}, failed(eventcore.OpSaveCheckpoint, err)
	}
	return m.store.SaveCheckpoint(ctx, subscription, at)
}

// TryAcquire implements [eventcore.Coordinator] for this working copy.
func (m *MergeStore) TryAcquire(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Lease, error) {
	return m.store.TryAcquire(ctx, subscription)
}

// in calls do while nobody else is in, once what was left half done is settled.
func (m *MergeStore) in(ctx context.Context, what string, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := m.store.gate.Enter(ctx, what); err != nil {
		return err
	}
	defer m.store.gate.Leave()
	if err := m.settle(ctx); err != nil {
		return fmt.Errorf("something before this is not settled: %w", err)
	}
	return do()
}

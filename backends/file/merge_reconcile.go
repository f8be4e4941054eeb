package file

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ErrUnresolvable is what a [Resolver] returns of a fork that stays.
var ErrUnresolvable = errors.New("the fork cannot be resolved")

// Resolver settles a fork: it returns the events that are to follow all branches, none if
// they can stand as they are. [ErrUnresolvable]: both stay and are reported. Any other
// error ends Reconcile. What it returns must depend on the fork alone, so that two working
// copies that settle the same fork make the same of it. [Typed] makes one of events of a
// type.
type Resolver func(ctx context.Context, fork Fork) ([]Settling, error)

// Settling is an event that settles a fork, in one of its streams. Its ID is made from what
// it settles; the one that is given counts for nothing.
type Settling struct {
	Stream eventcore.StreamID
	Event  eventcore.Proposed
}

// Reconciled is what came of a [MergeStore.Reconcile].
type Reconciled struct {
	// Merges are the transactions that it has recorded.
	Merges []eventcore.EventID
	// Unresolved are the forks that stay.
	Unresolved []Fork
}

// mostRetries is how often Reconcile begins anew because of appends.
const mostRetries = 100

// Reconcile ingests what is new, as [MergeStore.Refresh] does, and lets a resolver settle
// each fork. A settled fork is recorded as a transaction that follows all that have written
// to its streams; it is a function of those and of what the resolver returns. On an error,
// what it returns is what was settled before. Appends may go on meanwhile.
func (m *MergeStore) Reconcile(ctx context.Context, resolver Resolver) (done Reconciled, err error) {
	for retries := 0; ; {
		fork, seen, err := m.nextFork(ctx, done.Unresolved)
		if err != nil || fork == nil {
			return done, wrapped(err)
		}
		settling, err := resolver(ctx, *fork)
		if errors.Is(err, ErrUnresolvable) {
			done.Unresolved = append(done.Unresolved, *fork)
			continue
		}
		if err != nil {
			return done, wrapped(err)
		}
		id, stale, err := m.record(ctx, fork, settling, seen)
		switch {
		case err != nil:
			return done, wrapped(err)
		case !stale:
			done.Merges = append(done.Merges, id)
		default:
			if retries++; retries == mostRetries {
				return done, fmt.Errorf("file: reconcile: appends came between %d times; stop them", retries)
			}
		}
	}
}

func wrapped(err error) error {
	if err != nil {
		return fmt.Errorf("file: reconcile: %w", err)
	}
	return nil
}

// nextFork returns the first fork but those that stay, and how many transactions there
// are.
func (m *MergeStore) nextFork(ctx context.Context, unresolved []Fork) (next *Fork, seen int, err error) {
	err = m.in(ctx, "file: reconcile", func() error {
		if err := m.refresh(ctx); err != nil {
			return err
		}
		forks, err := m.forks(ctx)
		if err != nil {
			return err
		}
		seen = len(m.order)
		for i := range forks {
			if !slices.ContainsFunc(unresolved, func(f Fork) bool { return slices.Equal(f.Transactions, forks[i].Transactions) }) {
				next = &forks[i]
				break
			}
		}
		return nil
	})
	return next, seen, err
}

// record makes the transaction that settles a fork. stale: there are others since.
func (m *MergeStore) record(ctx context.Context, fork *Fork, settling []Settling, seen int) (id eventcore.EventID, stale bool, err error) {
	err = m.in(ctx, "file: reconcile", func() error {
		if err := m.refresh(ctx); err != nil {
			return err
		}
		if stale = len(m.order) != seen; stale {
			return nil
		}
		t, content, err := m.merge(fork, settling)
		if err != nil {
			return err
		}
		if err := m.place(ctx, t, content); err != nil {
			return err
		}
		id = t.header.Transaction
		return m.refresh(ctx)
	})
	return id, stale, err
}

// merge makes a transaction of what settles a fork. It comes after a refresh.
func (m *MergeStore) merge(fork *Fork, settling []Settling) (*transaction, []byte, error) {
	g := m.found.graph
	var writers []eventcore.EventID
	created := make(map[eventcore.EventID]time.Time)
	for i := range m.nodes {
		if n := &m.nodes[i]; slices.ContainsFunc(fork.Streams, func(s ForkedStream) bool { return slices.Contains(n.Streams, s.Stream) }) {
			writers = append(writers, n.ID)
			created[n.ID] = n.CreatedAt
		}
	}
	sortLike(writers, m.order)
	parents := latest(g, writers)
	resolves := slices.SortedFunc(slices.Values(fork.Transactions), compareIDs)
	digest := digestOf(parents, resolves)
	writes, err := m.settlingWrites(fork, settling, digest)
	if err != nil {
		return nil, nil, err
	}
	t, payload, err := m.store.transaction(writes, parents)
	if err != nil {
		return nil, nil, err
	}
	h := &t.header
	h.Format, h.Resolves, h.Replica = mergeFormat, resolves, eventcore.EventID{}
	h.Transaction = derived(digest, payload)
	var at time.Time
	for i, id := range parents {
		if i == 0 || created[id].After(at) {
			at = created[id]
		}
	}
	content, err := t.seal(payload, at)
	return t, content, err
}

// settlingWrites makes a batch of what settles a fork.
func (m *MergeStore) settlingWrites(fork *Fork, settling []Settling, digest []byte) (*eventcore.Writes, error) {
	var w eventcore.Writes
	for i, s := range settling {
		if !slices.ContainsFunc(fork.Streams, func(f ForkedStream) bool { return f.Stream == s.Stream }) {
			return nil, fmt.Errorf("the resolver has returned an event for stream %q, which the fork has nothing to do with; return events for its streams alone", s.Stream)
		}
		if err := w.Expect(s.Stream, m.store.index.version(s.Stream)); err != nil {
			return nil, err
		}
		e := s.Event
		e.ID = derived(digest, binary.BigEndian.AppendUint64([]byte("event "), uint64(i)))
		if err := w.Append(s.Stream, e); err != nil {
			return nil, err
		}
	}
	return &w, nil
}

// sortLike sorts IDs as they are in another slice.
func sortLike(ids, order []eventcore.EventID) {
	at := make(map[eventcore.EventID]int, len(order))
	for i, id := range order {
		at[id] = i
	}
	slices.SortFunc(ids, func(a, b eventcore.EventID) int { return at[a] - at[b] })
}

// digestOf returns what a merge is made of: all that is in its header follows from it.
func digestOf(parents, resolves []eventcore.EventID) []byte {
	h := sha256.New()
	for _, ids := range [][]eventcore.EventID{parents, resolves} {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(ids)))) // it never fails
		for _, id := range ids {
			_, _ = h.Write(id[:])
		}
	}
	return h.Sum(nil)
}

// derived returns a UUID of version 8, which is for hashes.
func derived(digest, content []byte) (id eventcore.EventID) {
	sum := sha256.Sum256(slices.Concat(digest, content))
	copy(id[:], sum[:])
	id[6], id[8] = 8<<4|id[6]&0xf, 0x80|id[8]&0x3f
	return id
}

package file

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Status is what stands out in a working copy.
type Status struct {
	// Forks are the contradictions that nobody has settled, without their events.
	Forks []Fork
	// Waiting are transactions that lack a parent, directly or further back.
	Waiting []Waiting
	// Damaged are files that are not as they were written, or are no transactions.
	Damaged []DamagedFile
	// Lost are transactions that were ingested and whose files are not there.
	Lost []eventcore.EventID
	// Identity are pairs of transactions of one replica that do not know of one another.
	Identity []IdentityConflict
	// Refusal says why nothing can be read or appended; nil: all is well.
	Refusal error
}

// Waiting is a transaction that is left out until all before it is there.
type Waiting struct {
	Transaction eventcore.EventID
	// Missing are those of its parents of which there is no file, or a damaged one: none, if
	// its parents wait themselves.
	Missing []eventcore.EventID
}

// DamagedFile is a file with what is wrong with it.
type DamagedFile struct {
	// Name is relative to the root of the store.
	Name string
	Err  error
}

// IdentityConflict is two concurrent transactions of one replica.
type IdentityConflict struct{ Replica, First, Second eventcore.EventID }

// Status ingests what is new, as [MergeStore.Refresh] does, and tells what stands out. That
// something does is no error.
func (m *MergeStore) Status(ctx context.Context) (st Status, err error) {
	err = m.in(ctx, "file: status", func() error {
		if err := m.refresh(ctx); err != nil && m.refused() == nil {
			return err
		}
		st = m.status()
		return nil
	})
	if err != nil {
		return Status{}, fmt.Errorf("file: status: %w", err)
	}
	return st, nil
}

func (m *MergeStore) status() Status {
	h := m.found
	st := Status{Refusal: m.refused()}
	for _, members := range m.cfg.rules.forks(h.nodes, h.graph) {
		st.Forks = append(st.Forks, Fork{Transactions: members})
	}
	for _, id := range h.graph.Missing() {
		w := Waiting{Transaction: id}
		for _, parent := range h.all[id].header.Parents {
			if h.all[parent] == nil {
				w.Missing = append(w.Missing, parent)
			}
		}
		st.Waiting = append(st.Waiting, w)
	}
	for _, name := range h.names {
		if err := h.bad[name]; err != nil {
			st.Damaged = append(st.Damaged, DamagedFile{Name: eventsDir + "/" + name, Err: errors.Join(ErrDamaged, err)})
		}
	}
	for _, id := range m.log.order {
		if h.all[id] == nil && h.bad[fileName(id)] == nil {
			st.Lost = append(st.Lost, id)
		}
	}
	for _, pair := range h.graph.IdentityConflicts() {
		st.Identity = append(st.Identity, IdentityConflict{h.all[pair.First].header.Replica, pair.First, pair.Second})
	}
	return st
}

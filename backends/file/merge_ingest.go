package file

import (
	"context"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/backends/file/internal/dag"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// history is what is in the directory of events.
type history struct {
	*files
	nodes []dag.Node
	graph *dag.Graph
	order []eventcore.EventID
}

// scan reads and checks all files. Transactions that contradict their ancestors count as
// damaged.
func (m *MergeStore) scan(ctx context.Context) (*history, error) {
	found, err := m.store.loadFiles(ctx)
	if err != nil {
		return nil, err
	}
	for {
		h := &history{files: found}
		for _, id := range sortedIDs(found.all) {
			h.nodes = append(h.nodes, nodeOf(found.all[id]))
		}
		h.graph = m.cfg.rules.arrange(slices.Clone(h.nodes))
		h.order = h.graph.Order()
		wrong := h.contradictory()
		if len(wrong) == 0 {
			return h, nil
		}
		for id, err := range wrong {
			found.bad[fileName(id)] = err
			delete(found.all, id)
		}
	}
}

// contradictory returns the transactions that do not extend what is before them.
func (h *history) contradictory() map[eventcore.EventID]error {
	wrong := make(map[eventcore.EventID]error)
	bases := h.graph.Bases()
	for _, id := range h.order {
		t := h.all[id]
		for i, s := range t.header.Streams {
			if bases[id][i] != int(s.Base) {
				wrong[id] = &defect{what: fmt.Sprintf("it extends version %d of stream %q, which is at %d before it", s.Base, s.Stream, bases[id][i])}
			}
		}
		for _, settled := range t.header.Resolves {
			if settled == id || !h.graph.Before(settled, id) {
				wrong[id] = &defect{what: fmt.Sprintf("it settles a fork with %s, which is not before it", fileName(settled))}
			}
		}
	}
	return wrong
}

// refresh ingests what is new. First the files are made durable, then the log, and only
// then are the events to be read.
func (m *MergeStore) refresh(ctx context.Context) error {
	h, err := m.scan(ctx)
	if err != nil {
		return err
	}
	m.found = h
	err = m.lost(h)
	if err == nil {
		err = h.identity()
	}
	m.refuse(err)
	if err != nil {
		return err
	}
	known := make(map[eventcore.EventID]bool, len(m.log.order))
	for _, id := range m.log.order {
		known[id] = true
	}
	fresh := slices.DeleteFunc(slices.Clone(h.order), func(id eventcore.EventID) bool { return known[id] })
	if len(fresh) > 0 {
		if err := m.ingest(ctx, h, fresh, known); err != nil {
			m.unsettled = true
			return err
		}
	}
	if len(fresh) > 0 || m.first == nil {
		m.rebuild(h)
	}
	for _, t := range h.all {
		t.lines = nil // the index has them
	}
	return nil
}

// ingest makes new transactions durable and takes them into the log.
func (m *MergeStore) ingest(ctx context.Context, h *history, fresh []eventcore.EventID, known map[eventcore.EventID]bool) error {
	s := m.store
	if s.cfg.Fsync == FsyncAlways {
		for _, id := range fresh {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.makeFileDurable(fileName(id), m.suspect); err != nil {
				m.suspect = true
				return err
			}
		}
		if err := s.fs.SyncDir(eventsDir); err != nil {
			m.suspect = true
			return err
		}
	}
	topology := m.log.topology
	for i, id := range h.order {
		if i < len(known) && !known[id] {
			topology++
			break
		}
	}
	if err := m.appendLog(fresh, topology); err != nil {
		return err
	}
	m.unsettled = false
	return nil
}

// rebuild makes the index of all that is in the log: events in the order of ingestion,
// streams and versions in the canonical one.
func (m *MergeStore) rebuild(h *history) {
	x := newIndex()
	m.first = make(map[eventcore.EventID]int, len(h.order))
	for _, id := range m.cfg.rules.deliver(slices.Clone(m.log.order)) {
		m.first[id] = len(x.entries)
		x.add(h.all[id])
	}
	for _, s := range x.streams {
		s.events = s.events[:0]
	}
	m.nodes = m.nodes[:0:0]
	for _, id := range h.order {
		t := h.all[id]
		m.nodes = append(m.nodes, nodeOf(t))
		for i := range t.lines {
			at := m.first[id] + i
			s := x.streams[x.names[x.entries[at].stream]]
			s.events = append(s.events, uint32(at))
			x.entries[at].version = uint32(len(s.events))
		}
		m.store.sawID(id)
	}
	m.order, m.heads = h.order, h.graph.Heads()
	m.store.mu.Lock()
	m.store.index = x
	m.store.mu.Unlock()
}

// lost returns an error if a transaction is missing or damaged that was ingested before:
// what has been read would not be there any more.
func (m *MergeStore) lost(h *history) error {
	ordered := make(map[eventcore.EventID]bool, len(h.order))
	for _, id := range h.order {
		ordered[id] = true
	}
	var wrong []error
	for _, id := range m.log.order {
		if ordered[id] {
			continue
		}
		err := h.bad[fileName(id)]
		switch {
		case err != nil:
		case h.all[id] != nil:
			continue // an ancestor of it is what is missing
		default:
			err = &defect{what: "it was ingested before and is missing"}
		}
		wrong = append(wrong, fmt.Errorf("%s/%s: %w, or delete %s: readers then begin anew", eventsDir, fileName(id), err, ingestedFile))
	}
	if len(wrong) > 0 {
		return damaged(wrong...)
	}
	return nil
}

// identity returns an error if two transactions of one replica do not know of one another.
func (h *history) identity() error {
	conflicts := h.graph.IdentityConflicts()
	if len(conflicts) == 0 {
		return nil
	}
	first := conflicts[0]
	return fmt.Errorf("%w: %s/%s and %s/%s are both by replica %s and neither follows the other; move one of them, and all that follow it, out of %s, "+
		"delete %s and %s in the working copy that made it, and append its events anew there",
		ErrIdentityConflict, eventsDir, fileName(first.First), eventsDir, fileName(first.Second), h.all[first.First].header.Replica, eventsDir, identityFile, ingestedFile)
}

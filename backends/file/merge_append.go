package file

import (
	"context"
	"errors"
	"time"

	"github.com/eventcore-go/eventcore-sim/backends/file/internal/dag"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// append makes a transaction of a batch. The error is one that Append may return.
func (m *MergeStore) append(ctx context.Context, writes *eventcore.Writes, now time.Time) (eventcore.Appended, error) {
	if err := m.refused(); err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	s := m.store
	if err := s.checkVersions(writes, nil); err != nil {
		return eventcore.Appended{}, err
	}
	if len(writes.Events()) == 0 {
		return eventcore.Appended{}, nil
	}
	t, payload, err := s.transaction(writes, m.heads)
	if err == nil {
		err = s.unused(t.header.Transaction)
	}
	if err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	content, err := t.seal(payload, now)
	if err != nil {
		return eventcore.Appended{}, notApplied(err)
	}
	if err := m.place(ctx, t, content); err != nil {
		return eventcore.Appended{}, err
	}
	if err := m.appendLog([]eventcore.EventID{t.header.Transaction}, m.log.topology); err != nil {
		return eventcore.Appended{}, unknown(err)
	}
	m.unsettled = false
	m.publish(t)
	return s.appended(writes, len(s.index.entries)), nil
}

// place writes the file of a transaction and gives it its place. It is not ingested then.
func (m *MergeStore) place(ctx context.Context, t *transaction, content []byte) error {
	s := m.store
	name := fileName(t.header.Transaction)
	draft := tmpDir + "/" + name
	err := s.writeDraft(draft, content, s.cfg.Fsync)
	if err == nil {
		// The last moment at which it is certain that nothing happens.
		err = ctx.Err()
	}
	if err != nil {
		return notApplied(errors.Join(err, ignoreMissing(s.fs.Remove(draft))))
	}
	m.unsettled, m.draft = true, draft
	if err := s.fs.Rename(draft, eventsDir+"/"+name); err != nil {
		return unknown(err)
	}
	if err := s.syncDir(eventsDir, s.cfg.Fsync); err != nil {
		return unknown(err)
	}
	m.unsettled, m.draft = false, ""
	return nil
}

// publish adds a transaction that follows all others, and is in the log.
func (m *MergeStore) publish(t *transaction) {
	s := m.store
	id := t.header.Transaction
	m.first[id] = len(s.index.entries)
	m.nodes, m.order, m.heads = append(m.nodes, nodeOf(t)), append(m.order, id), []eventcore.EventID{id}
	if m.found != nil {
		m.found.all[id] = t
	}
	s.mu.Lock()
	s.index.add(t)
	s.mu.Unlock()
	t.lines = nil
	s.sawID(id)
}

// nodeOf returns what the order needs of a transaction.
func nodeOf(t *transaction) dag.Node {
	h := &t.header
	n := dag.Node{ID: h.Transaction, Parents: h.Parents, Replica: h.Replica, CreatedAt: h.CreatedAt, Resolves: h.Resolves}
	for _, s := range h.Streams {
		n.Streams = append(n.Streams, s.Stream)
		n.Events = append(n.Events, s.Events)
	}
	return n
}

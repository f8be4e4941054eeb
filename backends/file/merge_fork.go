package file

import (
	"context"
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/backends/file/internal/dag"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Fork is transactions that contradict one another: each extends a stream that another one
// extends too, and neither knows of the other. All that hang together so are one fork, over
// however many streams, to be settled as one.
type Fork struct {
	// Transactions are in the canonical order.
	Transactions []eventcore.EventID
	// Streams are all that they write to, in the order in which they do.
	Streams []ForkedStream
}

// ForkedStream is a stream in a fork.
type ForkedStream struct {
	Stream eventcore.StreamID
	// Base is the version that all branches have in common.
	Base eventcore.Version
	// Branches are the ends of the stream as the transactions of the fork make them: each the
	// events from one that no other of them follows, and from all of them before it. A stream
	// with one branch is there because the transactions contradict one another elsewhere.
	Branches [][]eventcore.Recorded
}

// DetectForks ingests what is new, as [MergeStore.Refresh] does, and returns the forks
// that nobody has settled, with their events.
func (m *MergeStore) DetectForks(ctx context.Context) (forks []Fork, err error) {
	err = m.in(ctx, "file: detect forks", func() error {
		if err := m.refresh(ctx); err != nil {
			return err
		}
		forks, err = m.forks(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("file: detect forks: %w", err)
	}
	return forks, nil
}

// forks returns the forks among what was ingested. It comes after a refresh.
func (m *MergeStore) forks(ctx context.Context) ([]Fork, error) {
	g := m.found.graph
	nodes := make(map[eventcore.EventID]*dag.Node, len(m.nodes))
	for i := range m.nodes {
		nodes[m.nodes[i].ID] = &m.nodes[i]
	}
	bases := g.Bases()
	var forks []Fork
	for _, members := range m.cfg.rules.forks(m.nodes, g) {
		f := Fork{Transactions: members}
		for _, id := range members {
			for i, stream := range nodes[id].Streams {
				at := slices.IndexFunc(f.Streams, func(s ForkedStream) bool { return s.Stream == stream })
				if at < 0 {
					at = len(f.Streams)
					f.Streams = append(f.Streams, ForkedStream{Stream: stream, Base: eventcore.Version(bases[id][i])})
				}
				f.Streams[at].Base = min(f.Streams[at].Base, eventcore.Version(bases[id][i]))
			}
		}
		for i := range f.Streams {
			if err := m.branches(ctx, g, nodes, members, &f.Streams[i]); err != nil {
				return nil, err
			}
		}
		forks = append(forks, f)
	}
	return forks, nil
}

// branches reads the branches of a stream.
func (m *MergeStore) branches(ctx context.Context, g *dag.Graph, nodes map[eventcore.EventID]*dag.Node, members []eventcore.EventID, s *ForkedStream) error {
	writers := slices.DeleteFunc(slices.Clone(members), func(id eventcore.EventID) bool { return !slices.Contains(nodes[id].Streams, s.Stream) })
	for _, tip := range latest(g, writers) {
		var wanted []uint32
		for _, id := range writers {
			if g.Before(id, tip) {
				wanted = append(wanted, m.eventsOf(nodes[id], s.Stream)...)
			}
		}
		r := &reader{store: m.store, op: eventcore.OpReadStream}
		r.view, _ = m.store.view(s.Stream)
		if err := r.fetch(ctx, wanted); err != nil {
			return err
		}
		s.Branches = append(s.Branches, r.page)
	}
	return nil
}

// latest returns those of some transactions, in their order, that are not before another
// one of them.
func latest(g *dag.Graph, ids []eventcore.EventID) []eventcore.EventID {
	var last []eventcore.EventID
	for _, id := range slices.Backward(ids) {
		if !slices.ContainsFunc(last, func(after eventcore.EventID) bool { return g.Before(id, after) }) {
			last = append(last, id)
		}
	}
	slices.Reverse(last)
	return last
}

// eventsOf returns the entries of a transaction's events in a stream.
func (m *MergeStore) eventsOf(n *dag.Node, stream eventcore.StreamID) (entries []uint32) {
	events := 0
	for _, e := range n.Events {
		events += e
	}
	x := &m.store.index
	for at := m.first[n.ID]; at < m.first[n.ID]+events; at++ {
		if x.names[x.entries[at].stream] == stream {
			entries = append(entries, uint32(at))
		}
	}
	return entries
}

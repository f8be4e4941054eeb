package merge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// check holds a replica against the model of its files.
func (w *world) check(r *replica) error {
	m := w.complete(r)
	if len(m.waiting) > 0 {
		w.counts["waiting"]++
	}
	// It also ingests files that came before a crash.
	forks, err := r.store.Forks(w.ctx)
	if err != nil {
		return w.wrong(Refused, r, "forks: %v", err)
	}
	if err := w.checkCursor(r, m); err != nil {
		return err
	}
	dump, err := w.checkStreams(r, m, forks)
	if err != nil {
		return err
	}
	_, _ = w.digest.Write([]byte(dump)) // it never fails
	if err := w.checkForks(r, m, forks); err != nil {
		return err
	}
	return w.checkTopology(r, m)
}

// checkCursor moves a cursor to the end, page by page, and looks whether all that lies
// before it is what it has passed.
func (w *world) checkCursor(r *replica, m *model) error {
	for {
		limit := 1 + w.random.IntN(4)
		n := 0
		for e, err := range r.store.ReadAll(w.ctx, eventcore.Filter{}, r.at, limit) {
			if err != nil {
				return w.wrong(Refused, r, "read all: %v", err)
			}
			n++
			r.passed, r.at = append(r.passed, e.ID), e.Position
		}
		if n < limit {
			break
		}
	}
	var all []eventcore.EventID
	for e, err := range r.store.ReadAll(w.ctx, eventcore.Filter{}, eventcore.Position{}, 0) {
		if err != nil {
			return w.wrong(Refused, r, "read all: %v", err)
		}
		all = append(all, e.ID)
	}
	if !slices.Equal(all, r.passed) {
		return w.wrong(CursorSkipped, r, "a cursor has passed %d events, now %d others lie before it", len(r.passed), len(all))
	}
	var want []eventcore.EventID
	for _, h := range m.nodes {
		for _, e := range h.lines {
			want = append(want, e.ID)
		}
	}
	if !slices.Equal(sorted(all), sorted(want)) {
		return w.wrong(Lost, r, "it delivers %d events, its files have %d", len(all), len(want))
	}
	for _, id := range r.acked {
		if !slices.Contains(all, id) {
			return w.wrong(Lost, r, "event %s was acknowledged and is gone", id)
		}
	}
	for _, id := range all {
		if r.never[id] {
			return w.wrong(Lost, r, "event %s is there, and its append was said not to be applied", id)
		}
	}
	return nil
}

func sorted(ids []eventcore.EventID) []eventcore.EventID {
	return slices.SortedFunc(slices.Values(ids), func(a, b eventcore.EventID) int { return slices.Compare(a[:], b[:]) })
}

// checkStreams reads all streams and returns them as text.
func (w *world) checkStreams(r *replica, m *model, forks [][]eventcore.EventID) (string, error) {
	var dump strings.Builder
	var misordered error
	for n := range streams {
		id := stream(n)
		var events []eventcore.EventID
		for e, err := range r.store.ReadStream(w.ctx, id, 0) {
			if err != nil {
				return "", w.wrong(Refused, r, "read stream: %v", err)
			}
			events = append(events, e.ID)
			if e.Version != eventcore.Version(len(events)) || e.Stream != id {
				return "", w.wrong(Gap, r, "event %d of stream %s has version %d of %s", len(events), id, e.Version, e.Stream)
			}
			fmt.Fprintf(&dump, "%s %d %s %s %s %s\n", id, e.Version, e.ID, e.Type, e.Data, e.RecordedAt)
		}
		if want := m.stream(id.String()); misordered == nil && !slices.Equal(events, want) {
			misordered = w.wrong(Misordered, r, "stream %s is %v, it should be %v", id, events, want)
		}
	}
	fmt.Fprintf(&dump, "forks %v\n", forks)
	key := strings.Join(m.names, " ")
	if before, known := w.dumps[key]; known && before != dump.String() {
		return "", w.wrong(Diverged, r, "another replica, or this one before, made of the same files\n%snot\n%s", before, dump.String())
	}
	w.dumps[key] = dump.String()
	return dump.String(), misordered
}

func (w *world) checkForks(r *replica, m *model, forks [][]eventcore.EventID) error {
	want := m.forks()
	if len(want) > 0 {
		w.counts["fork"]++
	}
	for _, f := range forks {
		if !slices.ContainsFunc(want, func(o []eventcore.EventID) bool { return slices.Equal(f, o) }) {
			return w.wrong(ForkInvented, r, "%v is none; there are %v", f, want)
		}
	}
	if len(forks) < len(want) {
		return w.wrong(ForkMissed, r, "it finds %v of %v", forks, want)
	}
	for _, h := range m.nodes {
		for _, id := range h.Resolves {
			if slices.ContainsFunc(m.nodes, func(o *header) bool { return o.Transaction == id && len(o.Resolves) > 0 }) {
				w.counts["merge of merges"]++
			}
		}
	}
	return nil
}

// checkTopology: the generation grows if and only if what is new does not follow all that
// was there. Between two checks it may be two steps further.
func (w *world) checkTopology(r *replica, m *model) error {
	order, now := m.order(), r.store.TopologyGeneration()
	extended := len(order) >= len(r.order) && slices.Equal(order[:len(r.order)], r.order)
	if now < r.topology || !extended && now == r.topology {
		return w.wrong(Topology, r, "the order is another one, the generation went from %d to %d", r.topology, now)
	}
	if extended && now != r.topology && len(order)-len(r.order) < 2 {
		return w.wrong(Topology, r, "the order was extended, the generation went from %d to %d", r.topology, now)
	}
	if now > r.topology {
		w.counts["topology grew"]++
	}
	r.order, r.topology = order, now
	return nil
}

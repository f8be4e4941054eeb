package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func batchRules() []requirement {
	return []requirement{
		rule("R-ALL-26", "the events of one append follow one another while others append too",
			"Positions taken one by one let two batches take turns; a consumer then sees the middle of one command inside another.",
			checkBatchesDoNotMix),
		rule("R-ALL-27", "a read of the global order sees whole batches only, while they are appended",
			"A projection over several streams, such as a sum over accounts, would show a state that never was.",
			checkAllSeesWholeBatches),
		rule("R-ALL-28", "the loop's body may read a stream and the global order while it reads the global order",
			"Projections look things up while they go through events; with a single connection or lock that is a deadlock.",
			checkAllReadInLoop),
		rule("R-ALL-29", "an append that has returned is seen by every read of the global order that begins afterwards",
			"A caller waits for a projection to reach its own write; a store that holds back what others may still overtake must wait in the append.",
			checkAllReadYourWrites),
		rule("R-ALL-30", "ten thousand events in one append, whose streams take turns, follow one another in the global order as in the batch",
			"Positions given out for each portion or each stream of a batch put effects before their causes.",
			checkAllHugeBatch),
		rule("R-ALL-31", "a stream ID of any characters is the same in the global order, and a prefix selects by it",
			"Prefixes are looked up as ranges of an index; where the range ends is wrong for the last character of an alphabet.",
			checkAllAwkwardIDs),
	}
}

// batchSize is the number of events in the batches of [register]: half of them for
// each of two streams, which take turns.
const batchSize = 6

// member says which event of which batch an event is.
type member struct{ worker, batch, place int }

func (m member) String() string {
	return fmt.Sprintf("event %d of batch %d of writer %d", m.place+1, m.batch+1, m.worker+1)
}

// register knows the batches that several writers append.
type register struct {
	mu      sync.Mutex
	members map[eventcore.EventID]member
}

// write appends so many batches. It notes the events before the store sees them, so
// that a reader knows all that it can meet.
func (r *register) write(ctx context.Context, s *subject, worker, count int) error {
	streams := []eventcore.StreamID{id(fmt.Sprintf("one-%d", worker)), id(fmt.Sprintf("two-%d", worker))}
	for n := range count {
		at := eventcore.Version(n * batchSize / 2)
		w, err := s.batch(reads(streams[0], at), reads(streams[1], at))
		for place := range batchSize {
			e := s.event(`{}`)
			r.mu.Lock()
			r.members[e.ID] = member{worker, n, place}
			r.mu.Unlock()
			err = errors.Join(err, w.Append(streams[place%2], e))
		}
		if err != nil {
			return err
		}
		if _, err := s.store.Append(ctx, w); err != nil {
			return fmt.Errorf("batch %d of writer %d: %w", n+1, worker+1, err)
		}
	}
	return nil
}

// whole says whether the events are batches, one after the other, each whole.
func (r *register) whole(events []eventcore.Recorded) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var last member
	for i := range events {
		got, ok := r.members[events[i].ID]
		if !ok {
			return fmt.Errorf("got %s in place %d, which was never appended", list(events[i:i+1]), i+1)
		}
		want := member{last.worker, last.batch, i % batchSize}
		if want.place == 0 { // any batch may begin here
			want = member{got.worker, got.batch, 0}
		}
		if got != want {
			return fmt.Errorf("got %s in place %d, behind %s", got, i+1, last)
		}
		last = got
	}
	if len(events)%batchSize != 0 {
		return fmt.Errorf("got %d events, which end with %s, want whole batches of %d", len(events), last, batchSize)
	}
	return nil
}

func checkBatchesDoNotMix(ctx context.Context, s *subject) error {
	const writers, count = 6, 25
	r := register{members: make(map[eventcore.EventID]member)}
	err := parallel(writers, func(i int) error { return r.write(ctx, s, i, count) })
	if err != nil {
		return err
	}
	all, err := s.everything(ctx)
	if err == nil && len(all) != writers*count*batchSize {
		err = fmt.Errorf("got %d events, want the %d that were appended", len(all), writers*count*batchSize)
	}
	return errors.Join(err, r.whole(all))
}

func checkAllSeesWholeBatches(ctx context.Context, s *subject) error {
	const writers, count = 3, 25
	r := register{members: make(map[eventcore.EventID]member)}
	var running atomic.Int64
	running.Store(writers)
	return parallel(writers+1, func(i int) error {
		if i < writers {
			defer running.Add(-1)
			return r.write(ctx, s, i, count)
		}
		for last := false; !last; {
			last = running.Load() == 0 // asked before the read: it reads once more at the end
			all, err := s.everything(ctx)
			if err = errors.Join(err, r.whole(all)); err != nil {
				return err
			}
		}
		return nil
	})
}

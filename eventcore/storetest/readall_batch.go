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
	}
}

// pairs is the number of events that [subject.appendPairs] writes to each of two
// streams, which take turns.
const pairs = 3

// appendPairs appends batches whose events take turns between two streams of the
// worker. It notes which batch each event is of before the store sees it.
func (s *subject) appendPairs(ctx context.Context, worker, count int, note func(eventcore.EventID, string)) error {
	one, two := id(fmt.Sprintf("one-%d", worker)), id(fmt.Sprintf("two-%d", worker))
	for n := range count {
		at := eventcore.Version(n * pairs)
		w, err := s.batch(reads(one, at), reads(two, at))
		for range pairs {
			err = errors.Join(err, w.Append(one, s.event(`{}`)), w.Append(two, s.event(`{}`)))
		}
		if err != nil {
			return err
		}
		for i, e := range w.Events() {
			note(e.Event.ID, fmt.Sprintf("event %d of %d of batch %d of worker %d", i+1, 2*pairs, n+1, worker+1))
		}
		if _, err := s.store.Append(ctx, w); err != nil {
			return fmt.Errorf("batch %d of worker %d: %w", n+1, worker+1, err)
		}
	}
	return nil
}

// wholePairs says whether events are batches of appendPairs, each whole and in order.
func wholePairs(events []eventcore.Recorded, nameOf func(eventcore.EventID) string) error {
	for i := range events {
		name, first := nameOf(events[i].ID), nameOf(events[i-i%(2*pairs)].ID)
		var place, of, batch, worker, firstPlace, firstBatch, firstWorker int
		_, err := fmt.Sscanf(name, "event %d of %d of batch %d of worker %d", &place, &of, &batch, &worker)
		_, err2 := fmt.Sscanf(first, "event %d of %d of batch %d of worker %d", &firstPlace, &of, &firstBatch, &firstWorker)
		if err := errors.Join(err, err2); err != nil {
			return fmt.Errorf("got %s in place %d, which was never appended", list(events[i:i+1]), i+1)
		}
		if place != i%(2*pairs)+1 || batch != firstBatch || worker != firstWorker {
			return fmt.Errorf("got %s in place %d, inside of the batch that begins with %s", name, i+1, first)
		}
	}
	return nil
}

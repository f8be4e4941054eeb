package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"fmt"
	"slices"
	"strings"
)

const (
	// mostFound is the number of positions that a reader keeps, eight bytes each.
	mostFound = 64 << 10
	// scanPerEntry is how many events can be passed over in the time that looking
	// at one entry of the index takes, as far as it can be told; a low estimate, since a
	// wrong decision for the index costs no more than it could have saved.
	scanPerEntry = 2
	// fetchedAtOnce is the number of events that one statement fetches by position.
	fetchedAtOnce = 64
)

const (
	countBegin = "SELECT count(*) FROM (SELECT 1 FROM eventcore_events INDEXED BY eventcore_events_by_stream WHERE true"
	countEnd   = " LIMIT ?)"
	findBegin  = "SELECT position FROM eventcore_events INDEXED BY eventcore_events_by_stream WHERE true"
	findEnd    = " AND position > ? AND position <= ?"
)

// lookUp finds the positions of the events in the range of the condition by the index,
// if that is less work than to pass over all events up to the head.
func (r *allReader) lookUp(ctx context.Context, on *session) error {
	most := min(mostFound, (r.head-r.after)/scanPerEntry)
	if most <= r.window {
		return nil
	}
	var entries int64
	err := r.store.whileBusy(ctx, func() (err error) {
		entries, err = on.number(ctx, countBegin+r.condition.inRange+countEnd, append(slices.Clone(r.condition.of), most+1)...)
		return err
	})
	if err != nil || entries > most {
		return err
	}
	return r.store.whileBusy(ctx, func() error { return r.find(ctx, on) })
}

// find reads the positions out of the index.
func (r *allReader) find(ctx context.Context, on *session) error {
	found := []int64{}
	args := append(slices.Clone(r.condition.of), r.after, r.head)
	err := on.query(ctx, findBegin+r.condition.inRange+findEnd, args, func(row []sqldriver.Value) (bool, error) {
		position, ok := row[0].(int64)
		if !ok {
			return false, fmt.Errorf("a position is a %T, not a whole number", row[0])
		}
		found = append(found, position)
		return true, nil
	})
	if err != nil {
		return err
	}
	slices.Sort(found)
	r.found = found
	return nil
}

// fetchFound fetches the next of the events that were found.
func (r *allReader) fetchFound(ctx context.Context, on *session, p *page) error {
	if len(r.found) == 0 {
		r.after = r.head
		return nil
	}
	some := r.found[:min(len(r.found), fetchedAtOnce, p.size-len(p.events))]
	args := make([]sqldriver.Value, fetchedAtOnce)
	for i := range args {
		// What is too much is asked for twice: one statement serves all numbers.
		args[i] = some[min(i, len(some)-1)]
	}
	passed, err := r.rows(ctx, on, p, fetchFound, args)
	if err != nil {
		return err
	}
	if p.full() {
		some = some[:1+slices.Index(some, passed.position)]
	}
	r.after = some[len(some)-1]
	r.found = r.found[len(some):]
	return nil
}

var fetchFound = "SELECT " + columns + ", stream_id FROM eventcore_events WHERE position IN (?" +
	strings.Repeat(", ?", fetchedAtOnce-1) + ") ORDER BY position"

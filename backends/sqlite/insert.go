package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	insertColumns = 8
	// insertedAtOnce is the greatest number of events that one statement inserts; more
	// gains nothing. Statements are kept for each number up to it.
	insertedAtOnce = 32
	// insertedBytes ends a statement early: its arguments are copied before it runs.
	insertedBytes = 1 << 20
)

// insert writes the events of a batch, which follow the position last. It gives up
// between two statements when the context is done.
func insert(ctx context.Context, on *session, writes *eventcore.Writes, last, now int64) error {
	events := writes.Events()
	if len(events) == 0 {
		return nil
	}
	next := nextVersions(writes.Participants())
	args := make([]sqldriver.Value, 0, insertColumns*min(len(events), insertedAtOnce))
	for bytes, i := 0, 0; i < len(events); i++ {
		write := &events[i]
		event, stream := &write.Event, writes.Participants()[write.Participant].Stream
		next[write.Participant]++
		last++
		args = append(args, last, next[write.Participant], stream.String(), event.ID[:], event.Type, now,
			blob(event.Metadata), []byte(event.Data))
		bytes += len(event.Metadata) + len(event.Data)
		if len(args) < insertColumns*insertedAtOnce && bytes < insertedBytes && i < len(events)-1 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := on.exec(ctx, insertQueries[len(args)/insertColumns], args...); err != nil {
			return fmt.Errorf("insert event %d of %d: %w", i+1, len(events), err)
		}
		args, bytes = args[:0], 0
	}
	return nil
}

// nextVersions returns the version of each participant, to be counted up.
func nextVersions(participants []eventcore.Participant) []int64 {
	versions := make([]int64, len(participants))
	for i := range participants {
		versions[i] = int64(participants[i].Expected)
	}
	return versions
}

// blob returns bytes as an argument, NULL for none.
func blob(bytes []byte) sqldriver.Value {
	if len(bytes) == 0 {
		return nil
	}
	return bytes
}

// insertQueries has the statement for each number of events.
var insertQueries = func() (queries [insertedAtOnce + 1]string) {
	const row = "(?, ?, ?, ?, ?, ?, ?, ?)"
	for n := 1; n < len(queries); n++ {
		queries[n] = "INSERT INTO eventcore_events" +
			" (position, version, stream_id, event_id, type, recorded_at, metadata, data) VALUES " +
			row + strings.Repeat(", "+row, n-1)
	}
	return queries
}()

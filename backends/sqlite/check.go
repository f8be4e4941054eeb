package sqlite

import (
	"context"
	sqldriver "database/sql/driver"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// checkedAtOnce is the number of streams whose versions one statement looks up: a
// statement costs more than a look-up.
const checkedAtOnce = 8

// check returns the position of the last event of all, or a version conflict unless
// each participant is at its expected version. It runs under the write lock.
func check(ctx context.Context, on *session, participants []eventcore.Participant) (last int64, err error) {
	for {
		some := participants[:min(len(participants), checkedAtOnce)]
		var args [checkedAtOnce]sqldriver.Value
		for i := range some {
			args[i] = some[i].Stream.String()
		}
		// The last position, then the streams' versions.
		var found [1 + checkedAtOnce]int64
		if err := on.numbers(ctx, found[:1+len(some)], checkQueries[len(some)], args[:len(some)]...); err != nil {
			return 0, err
		}
		last = found[0]
		for i := range some {
			if actual := eventcore.Version(found[1+i]); actual != some[i].Expected {
				return 0, &eventcore.VersionConflict{Stream: some[i].Stream, Expected: some[i].Expected, Actual: actual}
			}
		}
		participants = participants[len(some):]
		if len(participants) == 0 {
			return last, nil
		}
	}
}

// checkQueries has the query for each number of streams.
var checkQueries = func() (queries [checkedAtOnce + 1]string) {
	for n := range queries {
		queries[n] = "SELECT ifnull((SELECT max(position) FROM eventcore_events), 0)" + strings.Repeat(
			", ifnull((SELECT max(version) FROM eventcore_events WHERE stream_id = ?), 0)", n)
	}
	return queries
}()

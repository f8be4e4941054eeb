package sqlite_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// forbidden are statements that would change history, and the triggers that each meets.
var forbidden = map[string]struct{ statement, triggers string }{
	"update":                 {"UPDATE eventcore_events SET data = x'00' WHERE position = 2", "no_update"},
	"update without change":  {"UPDATE eventcore_events SET type = type", "no_update"},
	"delete":                 {"DELETE FROM eventcore_events WHERE position = 3", "no_delete"},
	"delete all":             {"DELETE FROM eventcore_events", "no_delete"},
	"replace by position":    {"REPLACE INTO eventcore_events SELECT 3, 4, 'a', event_id, type, 0, NULL, data FROM eventcore_events LIMIT 1", "in_order"},
	"replace by version":     {"REPLACE INTO eventcore_events SELECT 4, 1, 'a', event_id, type, 0, NULL, data FROM eventcore_events LIMIT 1", "in_order"},
	"upsert":                 {"INSERT INTO eventcore_events SELECT 3, 4, 'a', event_id, type, 0, NULL, data FROM eventcore_events WHERE true LIMIT 1 ON CONFLICT DO UPDATE SET data = x'00'", "in_order no_update"},
	"gap in the positions":   {"INSERT INTO eventcore_events SELECT 5, 4, 'a', event_id, type, 0, NULL, data FROM eventcore_events LIMIT 1", "in_order"},
	"gap in the versions":    {"INSERT INTO eventcore_events SELECT 4, 5, 'a', event_id, type, 0, NULL, data FROM eventcore_events LIMIT 1", "in_order"},
	"position of the rowid":  {"INSERT INTO eventcore_events SELECT NULL, 4, 'a', event_id, type, 0, NULL, data FROM eventcore_events LIMIT 1", "in_order"},
	"stream that skips ones": {"INSERT INTO eventcore_events SELECT 4, 2, 'b', event_id, type, 0, NULL, data FROM eventcore_events LIMIT 1", "in_order"},
}

func TestHistoryCannotBeChanged(t *testing.T) {
	for name, c := range forbidden {
		t.Run(name, func(t *testing.T) {
			path, id := file(t), eventcore.MustStreamID("a")
			s := open(t, path, sqlite.Config{})
			appendTo(t, s, 0, 3, id)
			want := stream(t, s, id)
			db := bare(t, path)
			_, err := db.ExecContext(t.Context(), c.statement)
			require.ErrorContains(t, err, "eventcore: events are ")
			require.Equal(t, want, stream(t, s, id))
			require.Equal(t, upTo(3), global(t, s, eventcore.Filter{}))
			// It is the triggers that refuse, not an error in the statement.
			for trigger := range strings.FieldsSeq(c.triggers) {
				run(t, db, "DROP TRIGGER eventcore_events_"+trigger)
			}
			run(t, db, c.statement)
		})
	}
}

func TestTheSchemaRefusesWhatIsNoEvent(t *testing.T) {
	path := file(t)
	open(t, path, sqlite.Config{})
	db := bare(t, path)
	for values, want := range map[string]string{
		"1, 1, 'a', x'00', 't', 0, NULL, x'7b7d'":            "length(event_id) = 16",
		"1, 1, '', zeroblob(16), 't', 0, NULL, x'7b7d'":      "stream_id <> ''",
		"1, 1, 'a', zeroblob(16), '', 0, NULL, x'7b7d'":      "type <> ''",
		"1, 1, 'a', zeroblob(16), 't', 0, NULL, '{}'":        "cannot store TEXT value in BLOB column",
		"1, 1, 'a', zeroblob(16), 't', 'now', NULL, x'7b7d'": "cannot store TEXT value in INTEGER column",
		"1, 1, 'a', zeroblob(16), 't', 0, NULL, NULL":        "NOT NULL constraint failed",
	} {
		_, err := db.ExecContext(t.Context(), "INSERT INTO eventcore_events VALUES ("+values+")")
		require.ErrorContains(t, err, want)
	}
}

package postgres

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// A batch of few participants and events has a statement made for their numbers, which
// the server works off in half the time that arrays take; more would only fill the
// server's memory with prepared statements.
const (
	fewParticipants = 4
	fewEvents       = 8
)

// insertsOfFew has the statements for the numbers of participants and events, from 1 up.
var insertsOfFew = sync.OnceValue(func() *[fewParticipants][fewEvents]string {
	var made [fewParticipants][fewEvents]string
	for p := range made {
		for e := range made[p] {
			made[p][e] = insertFew(p+1, e+1)
		}
	}
	return &made
})

// insertStatement returns the statement that checks the participants of a batch, then
// inserts its events unless there is a conflict, and its arguments. It returns one row:
// the position before the first event, or the conflict.
func insertStatement(writes *eventcore.Writes, now time.Time) (query string, args []any) {
	participants, events := writes.Participants(), writes.Events()
	if len(participants) > fewParticipants || len(events) > fewEvents {
		return insertMany, manyArguments(writes, now)
	}
	args = make([]any, 0, 1+2*len(participants)+6*len(events))
	args = append(args, now)
	for i := range participants {
		args = append(args, participants[i].Stream.String(), column(uint64(participants[i].Expected)))
	}
	var written [fewParticipants]int64
	for i := range events {
		at, e := events[i].Participant, &events[i].Event
		written[at]++
		p := &participants[at]
		args = append(args, column(uint64(p.Expected))+written[at], [16]byte(e.ID), p.Stream.String(), e.Type,
			orNull(e.Metadata), []byte(e.Data))
	}
	return insertsOfFew()[len(participants)-1][len(events)-1], args
}

// orNull returns metadata as it is stored.
func orNull(metadata []byte) []byte {
	if len(metadata) == 0 {
		return nil
	}
	return metadata
}

const (
	insertInto    = "INSERT INTO eventcore_events (position, version, recorded_at, event_id, stream_id, type, metadata, data)"
	insertResults = "SELECT before, 0, 0 FROM head UNION ALL SELECT 0, nr, actual FROM conflict"
)

// insertFew returns the statement for so many participants and events. $1 is the time,
// then come a stream and its version for each participant, then six for each event.
func insertFew(participants, events int) string {
	var b strings.Builder
	b.WriteString("WITH conflict AS (SELECT nr, actual FROM (VALUES ")
	next := 2
	for nr := range participants {
		fmt.Fprintf(&b, "%s(%d, $%d::bigint, coalesce((SELECT max(version) FROM eventcore_events WHERE stream_id = $%d), 0))",
			comma(nr), nr+1, next+1, next)
		next += 2
	}
	fmt.Fprintf(&b, ") AS found (nr, version, actual) WHERE actual <> version ORDER BY nr LIMIT 1), "+
		"head AS (UPDATE eventcore_head SET position = position + %d WHERE NOT EXISTS (SELECT FROM conflict) "+
		"RETURNING position - %d AS before), inserted AS (%s "+
		"SELECT before + nr, version, $1::timestamptz, event_id, stream_id, type, metadata, data FROM head, (VALUES ", events, events, insertInto)
	for nr := range events {
		fmt.Fprintf(&b, "%s(%d, $%d::bigint, $%d::uuid, $%d::text, $%d::text, $%d::bytea, $%d::bytea)",
			comma(nr), nr+1, next, next+1, next+2, next+3, next+4, next+5)
		next += 6
	}
	b.WriteString(") AS e (nr, version, event_id, stream_id, type, metadata, data)) " + insertResults)
	return b.String()
}

func comma(nr int) string {
	if nr == 0 {
		return ""
	}
	return ", "
}

// insertMany takes arrays. Each is wrapped in a SELECT: the server must not see how long
// it is, or it would take the number of rows for a reason to plan anew each time.
const insertMany = `
WITH conflict AS (` + findConflict + `
), head AS (
    UPDATE eventcore_head SET position = position + cardinality($5::uuid[])
    WHERE NOT EXISTS (SELECT FROM conflict)
    RETURNING position - cardinality($5::uuid[]) AS before
), inserted AS (
    ` + insertInto + `
    SELECT before + nr, version, $3::timestamptz, event_id, stream_id, type, metadata, data
    FROM head, unnest((SELECT $4::bigint[]), (SELECT $5::uuid[]), (SELECT $6::text[]),
        (SELECT $7::text[]), (SELECT $8::bytea[]), (SELECT $9::bytea[]))
        WITH ORDINALITY AS e (version, event_id, stream_id, type, metadata, data, nr)
)
` + insertResults

// manyArguments returns the arguments of insertMany.
func manyArguments(writes *eventcore.Writes, now time.Time) []any {
	events, participants := writes.Events(), writes.Participants()
	var (
		versions       = make([]int64, len(events))
		ids            = make([][16]byte, len(events))
		streams, types = make([]string, len(events)), make([]string, len(events))
		metadata, data = make([][]byte, len(events)), make([][]byte, len(events))
		written        = make([]int64, len(participants))
	)
	for i := range events {
		at, e := events[i].Participant, &events[i].Event
		written[at]++
		p := &participants[at]
		versions[i] = column(uint64(p.Expected)) + written[at]
		ids[i], streams[i], types[i] = e.ID, p.Stream.String(), e.Type
		metadata[i], data[i] = orNull(e.Metadata), e.Data
	}
	expected, at := expectations(writes)
	return []any{expected, at, now, versions, ids, streams, types, metadata, data}
}

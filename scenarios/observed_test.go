package scenarios_test

import (
	"context"
	"encoding/json"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// scriptedStore yields fixed events and accepts every append.
type scriptedStore struct{ events []eventcore.Recorded }

func (s *scriptedStore) Append(context.Context, eventcore.Writes) (eventcore.Appended, error) {
	return eventcore.Appended{}, nil
}

func (s *scriptedStore) ReadStream(_ context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for _, e := range s.events {
			if e.Stream == id && e.Version > after && !yield(e, nil) {
				return
			}
		}
	}
}

func (s *scriptedStore) ReadAll(context.Context, eventcore.Filter, eventcore.Position, int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		for _, e := range s.events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func script(stream string, version int, sort, data string) eventcore.Recorded {
	return eventcore.Recorded{
		Stream: eventcore.MustStreamID(stream), Version: eventcore.Version(version), Type: sort,
		Data: json.RawMessage(data), Position: eventcore.NewPosition(0, uint64(version)),
	}
}

func TestOperationsReportWhatNoCorrectStoreCanShow(t *testing.T) {
	for _, c := range []struct {
		scenario, op, want string
		events             []eventcore.Recorded
	}{
		{"contention", `{"do":"watch","streams":["c"]}`, "has version 2 and says 1", []eventcore.Recorded{script("c", 2, "counted", `{"n":1}`)}},
		{"contention", `{"do":"watch","streams":["c"]}`, "has version 1 and says 2", []eventcore.Recorded{script("c", 1, "counted", `{"n":2}`)}},
		{"transfers", `{"do":"statement","streams":["a"]}`, `account "a" holds -4 at version 2`, []eventcore.Recorded{
			script("a", 1, "deposited", `{"n":5}`), script("a", 2, "debited", `{"n":9}`), script("a", 3, "credited", `{"n":9}`),
		}},
		{"transfers", `{"do":"audit","reads":["b","a"]}`, `account "a" holds -9`, []eventcore.Recorded{script("a", 1, "debited", `{"n":9,"peer":"b"}`)}},
		{"transfers", `{"do":"audit","reads":["b","a"]}`, "the debits differ from the credits by -9", []eventcore.Recorded{
			script("a", 1, "credited", `{"n":9,"peer":"b"}`), script("b", 1, "deposited", `{"n":9}`),
		}},
		{"orders", `{"do":"inspect","streams":["o"]}`, `"i" holds -1`, []eventcore.Recorded{
			script("o", 1, "placed", `{"n":2,"peer":"i"}`), script("i", 1, "reserved", `{"n":1,"peer":"p"}`),
		}},
		{"orders", `{"do":"inspect","streams":["o"]}`, `has 0 of "i" reserved and should have 2`, []eventcore.Recorded{
			script("o", 1, "placed", `{"n":2,"peer":"i"}`), script("o", 2, "fulfilled", `{}`),
		}},
		{"orders", `{"do":"inspect","streams":["o"]}`, `has 2 of "i" reserved and should have 0`, []eventcore.Recorded{
			script("o", 1, "placed", `{"n":2,"peer":"i"}`), script("i", 1, "stocked", `{"n":2}`), script("i", 2, "reserved", `{"n":2,"peer":"o"}`),
		}},
		{"write-skew", `{"do":"survey","reads":["a","b"]}`, "all of 2 are off call", []eventcore.Recorded{
			script("a", 1, "came on call", `{}`), script("a", 2, "went off call", `{}`),
		}},
		{"mixed", `{"do":"read","streams":["s"],"after":1}`, `event number 1 is event 3 of stream "s"`, []eventcore.Recorded{script("s", 3, "red", `{}`)}},
		{"mixed", `{"do":"append","streams":["s"],"count":1}`, `event number 2 is event 1 of stream "s"`, []eventcore.Recorded{
			script("s", 1, "red", `{}`), script("s", 1, "red", `{}`),
		}},
		{"mixed", `{"do":"scan","limit":1}`, "yields as number 2", []eventcore.Recorded{script("s", 1, "red", `{}`), script("s", 2, "red", `{}`)}},
		{"mixed", `{"do":"scan","limit":9}`, "behind position 2, event 1", []eventcore.Recorded{script("s", 2, "red", `{}`), script("s", 1, "red", `{}`)}},
		{"mixed", `{"do":"scan","limit":9,"type":"blue"}`, `of type "red"`, []eventcore.Recorded{script("s", 1, "red", `{}`)}},
		{"mixed", `{"do":"follow","limit":9,"prefix":"t"}`, `of stream "s"`, []eventcore.Recorded{script("s", 1, "red", `{}`)}},
		{"mixed", `{"do":"follow","limit":9,"pattern":"?t"}`, `of stream "s"`, []eventcore.Recorded{script("s", 1, "red", `{}`)}},
		{"group-commit", `{"do":"read","streams":["s"]}`, `comes event 2 of stream "s"`, []eventcore.Recorded{script("s", 2, "written", `{"n":2,"peer":"s"}`)}},
		{"group-commit", `{"do":"read","streams":["s"]}`, `says that it is event 1 of stream "t"`, []eventcore.Recorded{script("s", 1, "written", `{"n":1,"peer":"t"}`)}},
		{"group-commit", `{"do":"scan","streams":["s"]}`, `says that it is event 2 of stream "s"`, []eventcore.Recorded{script("s", 1, "written", `{"n":2,"peer":"s"}`)}},
		{"group-commit", `{"do":"scan","streams":["t"]}`, `behind version 1 of stream "s" comes event 1`, []eventcore.Recorded{
			script("s", 1, "written", `{"n":1,"peer":"s"}`), script("s", 1, "written", `{"n":1,"peer":"s"}`),
		}},
	} {
		t.Run(c.scenario+" "+c.want, func(t *testing.T) {
			w := newWorld(t, c.scenario, 1)
			var op scenarios.Op
			require.NoError(t, json.Unmarshal([]byte(c.op), &op))
			require.NoError(t, w.scenario.Validate(scenarios.Program{Clients: [][]scenarios.Op{{op}}}))
			client := w.client(0, scenarios.PhaseSafety)
			client.Store = &scriptedStore{c.events}
			r := w.scenario.Run(t.Context(), client, op)
			var violation *scenarios.Violation
			require.ErrorAs(t, r.Err, &violation)
			require.ErrorContains(t, r.Err, c.want)
			require.Error(t, checkNamed(t, w, "observed", &scenarios.Final{Results: []scenarios.Result{r}}))
			require.NoError(t, checkNamed(t, w, "honest", &scenarios.Final{Results: []scenarios.Result{r}}))
		})
	}
}

func TestWatchSeesACounterGoBack(t *testing.T) {
	w := newWorld(t, "contention", 1)
	client := w.client(0, scenarios.PhaseSafety)
	watch := scenarios.Op{Do: "watch", Streams: []eventcore.StreamID{eventcore.MustStreamID("c")}}
	store := &scriptedStore{[]eventcore.Recorded{script("c", 1, "counted", `{"n":1}`)}}
	client.Store = store
	require.NoError(t, w.scenario.Run(t.Context(), client, watch).Err)
	store.events = nil
	require.ErrorContains(t, w.scenario.Run(t.Context(), client, watch).Err, `stream "c" has 0 events for a client that saw 1 before`)
}

// TestFollowGoesOnWhereTheLastReadEnded also holds a scan to starting anew.
func TestFollowGoesOnWhereTheLastReadEnded(t *testing.T) {
	w := newWorld(t, "mixed", 1)
	client := w.client(0, scenarios.PhaseSafety)
	var from []eventcore.Position
	client.Store = &cursorStore{w.log, &from}
	stream := []eventcore.StreamID{eventcore.MustStreamID("s")}
	for _, op := range []scenarios.Op{
		{Do: "append", Streams: stream, Count: 5},
		{Do: "follow", Limit: 2},
		{Do: "follow", Limit: 2},
		{Do: "follow"},
		{Do: "scan", Limit: 1},
		{Do: "follow", Limit: 1},
	} {
		require.NoError(t, w.scenario.Run(t.Context(), client, op).Err)
	}
	at := func(n uint64) eventcore.Position { return eventcore.NewPosition(0, n) }
	require.Equal(t, []eventcore.Position{at(0), at(2), at(4), at(0), at(1)}, from)
}

// TestBlindAppendUsesWhatTheClientKnows covers the success, the stale version and
// the version learned from the conflict.
func TestBlindAppendUsesWhatTheClientKnows(t *testing.T) {
	w := newWorld(t, "mixed", 1)
	one, other := w.client(0, scenarios.PhaseSafety), w.client(1, scenarios.PhaseSafety)
	blind := scenarios.Op{Do: "blind", Streams: []eventcore.StreamID{eventcore.MustStreamID("s")}, Count: 2}
	run := func(c *scenarios.Client) error { return w.scenario.Run(t.Context(), c, blind).Err }
	require.NoError(t, run(one))
	require.ErrorIs(t, run(other), eventcore.ErrVersionConflict)
	require.NoError(t, run(other), "the conflict told the version")
	require.ErrorIs(t, run(one), eventcore.ErrVersionConflict)
}

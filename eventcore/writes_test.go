package eventcore_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func proposed(n byte) eventcore.Proposed {
	return eventcore.Proposed{ID: eventcore.EventID{15: n}, Type: "t", Data: json.RawMessage(`{}`)}
}

func TestExpectingAStreamAtTwoVersionsIsRefused(t *testing.T) {
	var w eventcore.Writes
	require.NoError(t, w.Expect(streamA, 3))
	require.NoError(t, w.Expect(streamA, 3), "the same version again changes nothing")
	err := w.Expect(streamA, 4)
	require.Equal(t, &eventcore.ConflictingExpectedVersions{Stream: streamA, First: 3, Second: 4}, err)
	require.Equal(t, []eventcore.Participant{{Stream: streamA, Expected: 3}}, w.Participants())
	require.ErrorContains(t, w.Expect(eventcore.StreamID{}, 0), "ParseStreamID")
	require.Len(t, w.Participants(), 1)
}

func TestEventsThatNoStoreCouldKeepAreRefused(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*eventcore.Proposed)
		err    string
	}{
		{"no ID", func(p *eventcore.Proposed) { p.ID = eventcore.EventID{} }, "no ID"},
		{"no type", func(p *eventcore.Proposed) { p.Type = "" }, "no type name"},
		{"no data", func(p *eventcore.Proposed) { p.Data = nil }, "data of event"},
		{"data that is not JSON", func(p *eventcore.Proposed) { p.Data = json.RawMessage(`{"a":`) }, "data of event"},
		{"two JSON values", func(p *eventcore.Proposed) { p.Data = json.RawMessage(`{} {}`) }, "data of event"},
		{"metadata that is not JSON", func(p *eventcore.Proposed) { p.Metadata = json.RawMessage(`x`) }, "metadata of event"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var w eventcore.Writes
			require.NoError(t, w.Expect(streamA, 0))
			bad := proposed(2)
			tc.change(&bad)
			err := w.Append(streamA, proposed(1), bad)
			var failed *eventcore.SerializationFailed
			require.ErrorAs(t, err, &failed)
			require.ErrorContains(t, err, tc.err)
			require.Equal(t, streamA, failed.Stream)
			require.Equal(t, bad.Type, failed.Type)
			require.Empty(t, w.Events(), "on an error none of the events is added")
			require.Zero(t, w.Participants()[0].Events)
		})
	}
}

func TestMetadataIsOptional(t *testing.T) {
	var w eventcore.Writes
	require.NoError(t, w.Expect(streamA, 0))
	with := proposed(2)
	with.Metadata = json.RawMessage(`{"correlation":"x"}`)
	require.NoError(t, w.Append(streamA, proposed(1), with))
	require.Equal(t, []eventcore.Write{{Event: proposed(1)}, {Event: with}}, w.Events())
}

// TestBatchAgreesWithAList builds batches of up to 20 streams, which is beyond where
// the search for a stream changes from a list to a map.
func TestBatchAgreesWithAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w eventcore.Writes
		var participants []eventcore.Participant
		var events []eventcore.Write
		indexOf := func(id eventcore.StreamID) int {
			for i, p := range participants {
				if p.Stream == id {
					return i
				}
			}
			return -1
		}
		for n := range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := eventcore.MustStreamID(fmt.Sprint(rapid.IntRange(1, 20).Draw(t, "stream")))
			i := indexOf(id)
			if rapid.Bool().Draw(t, "expect") {
				version := eventcore.Version(rapid.IntRange(0, 1).Draw(t, "version"))
				err := w.Expect(id, version)
				switch {
				case i < 0:
					require.NoError(t, err)
					participants = append(participants, eventcore.Participant{Stream: id, Expected: version})
				case participants[i].Expected == version:
					require.NoError(t, err)
				default:
					require.Equal(t, &eventcore.ConflictingExpectedVersions{Stream: id, First: participants[i].Expected, Second: version}, err)
				}
				continue
			}
			added := []eventcore.Proposed{proposed(byte(2*n + 1)), proposed(byte(2*n + 2))}[:rapid.IntRange(0, 2).Draw(t, "events")]
			err := w.Append(id, added...)
			if i < 0 {
				require.Equal(t, &eventcore.UndeclaredStream{Stream: id}, err)
				continue
			}
			require.NoError(t, err)
			participants[i].Events += len(added)
			for _, event := range added {
				events = append(events, eventcore.Write{Participant: i, Event: event})
			}
		}
		require.Equal(t, participants, w.Participants())
		require.Equal(t, events, w.Events())
	})
}

package sqlite_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// jsonOf returns a JSON text of so many bytes.
func jsonOf(bytes int) string { return `"` + strings.Repeat("x", bytes-2) + `"` }

func TestPayloadsComeBackByteByByte(t *testing.T) {
	everywhere(t, func(t *testing.T, s *sqlite.Store) {
		id := eventcore.MustStreamID("a")
		var want []eventcore.Proposed
		for _, data := range []string{
			`{}`, ` { "a" : 1.0e5 , "a": 1 } ` + "\n", `"\u0000\ud800 <>&"`, `""`, "0", "null", "\t[]", `"日本 🙂"`, jsonOf(1 << 20), jsonOf(3 << 20),
		} {
			event := proposed("type", data)
			event.Metadata = []byte(data)
			none := proposed("what is\x00 a \xff type's name?", data)
			none.Metadata = nil
			want = append(want, event, none)
		}
		var w eventcore.Writes
		require.NoError(t, w.Expect(id, 0))
		require.NoError(t, w.Append(id, want...))
		_, err := s.Append(t.Context(), w)
		require.NoError(t, err)
		for i, got := range stream(t, s, id) {
			require.Equal(t, want[i].ID, got.ID)
			require.Equal(t, want[i].Type, got.Type)
			// Not require.Equal: it would print megabytes.
			same := bytes.Equal(want[i].Data, got.Data) && bytes.Equal(want[i].Metadata, got.Metadata)
			require.True(t, same, "event %d: %.40q and %.40q", i, got.Data, got.Metadata)
			require.Equal(t, want[i].Metadata == nil, got.Metadata == nil)
		}
		require.Equal(t, []uint64{2}, global(t, s, eventcore.Filter{Types: []string{"what is\x00 a \xff type's name?"}})[:1])
	})
}

func TestAReaderMayKeepAndGrowWhatItGot(t *testing.T) {
	s, id := open(t, sqlite.Memory, sqlite.Config{}), eventcore.MustStreamID("a")
	appendTo(t, s, 0, 3, id)
	events := stream(t, s, id)
	_ = append(events[0].Metadata, '!')
	_ = append(events[0].Data, '!')
	require.Equal(t, stream(t, s, id), events)
}

func TestABatchOfTenThousandIsOneAppend(t *testing.T) {
	everywhere(t, func(t *testing.T, s *sqlite.Store) {
		a, b := eventcore.MustStreamID("a"), eventcore.MustStreamID("b")
		var w eventcore.Writes
		require.NoError(t, w.Expect(a, 0))
		require.NoError(t, w.Expect(b, 0))
		for n := range 5_000 {
			require.NoError(t, w.Append([]eventcore.StreamID{a, b}[n%2], proposed("x", "1"), proposed("y", "2")))
		}
		done, err := s.Append(t.Context(), w)
		require.NoError(t, err)
		require.Equal(t, eventcore.Appended{
			Streams: []eventcore.StreamVersion{{Stream: a, Version: 5000}, {Stream: b, Version: 5000}},
			Last:    eventcore.NewPosition(0, 10_000),
		}, done)
		n := 0
		for e, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
			require.NoError(t, err)
			want := w.Events()[n]
			require.Equal(t, want.Event.ID, e.ID)
			require.Equal(t, w.Participants()[want.Participant].Stream, e.Stream)
			n++
		}
		require.Equal(t, 10_000, n)
	})
}

func TestManyParticipantsAreAllChecked(t *testing.T) {
	everywhere(t, func(t *testing.T, s *sqlite.Store) {
		const streams = 20 // more than one statement looks up
		moved := eventcore.MustStreamID("moved")
		appendTo(t, s, 0, 3, moved)
		for at := range streams {
			var w eventcore.Writes
			for n := range streams {
				id := eventcore.MustStreamID(fmt.Sprintf("account-%d-%d", at, n))
				if n == at {
					id = moved
				}
				require.NoError(t, w.Expect(id, 0))
			}
			require.NoError(t, w.Append(w.Participants()[(at+1)%streams].Stream, proposed("x", "1")))
			_, err := s.Append(t.Context(), w)
			require.Equal(t, &eventcore.VersionConflict{Stream: moved, Expected: 0, Actual: 3}, err)
		}
		require.Equal(t, upTo(3), global(t, s, eventcore.Filter{}))
	})
}

// unusual are stream IDs that are easily mistaken for something else.
var unusual = []string{
	"%", "_", "a%b", "a_b", "axb", "'", `"`, "''; DROP TABLE eventcore_events; --", `\`, "a/b", "a//b", "/", "-", "^", "!",
	"A", "a", "ä", "a\u0308", "日本語", "🙂", "\U0010ffff", "a\U0010ffff\U0010ffff", "\ufffe", "\uffff", "\ufffd", "a b", "a\tb", "a\nb",
	"null", "0", "00", "1e3", "x'00'", "?1"[1:], ":a", "@a", "$a", strings.Repeat("x", 255), strings.Repeat("🙂", 255), "\x01", "a\x7f",
}

func TestUnusualStreamIDsAreStreamsOfTheirOwn(t *testing.T) {
	everywhere(t, func(t *testing.T, s *sqlite.Store) {
		for i, name := range unusual {
			id, err := eventcore.ParseStreamID(name)
			require.NoError(t, err)
			require.True(t, utf8.ValidString(id.String()))
			require.Empty(t, stream(t, s, id))
			appendTo(t, s, 0, 1, id)
			events := stream(t, s, id)
			require.Len(t, events, 1)
			require.Equal(t, id, events[0].Stream)
			require.Equal(t, eventcore.NewPosition(0, uint64(i+1)), events[0].Position)
		}
		for e, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
			require.NoError(t, err)
			_, at := e.Position.Parts()
			require.Equal(t, unusual[at-1], e.Stream.String())
		}
	})
}

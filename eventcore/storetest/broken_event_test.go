package storetest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func compact(data json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		return data
	}
	return b.Bytes()
}

func brokenEvents() []broken {
	var reads atomic.Int64
	return []broken{
		{"makes its own IDs", []string{"R-EVENT-01"}, eachRead(func(e *eventcore.Recorded) bool {
			e.ID[15] ^= 1
			return true
		})},
		{"takes spaces out of data", []string{"R-EVENT-02"}, eachRead(func(e *eventcore.Recorded) bool {
			e.Data = compact(e.Data)
			return true
		})},
		{"keeps data as parsed JSON", []string{"R-EVENT-02"}, eachRead(func(e *eventcore.Recorded) bool {
			var parsed any
			if json.Unmarshal(e.Data, &parsed) == nil {
				e.Data, _ = json.Marshal(parsed)
			}
			return true
		})},
		{"takes spaces out of metadata", []string{"R-EVENT-03"}, eachRead(func(e *eventcore.Recorded) bool {
			e.Metadata = compact(e.Metadata)
			return true
		})},
		{"makes null of no metadata", []string{"R-EVENT-04"}, eachRead(func(e *eventcore.Recorded) bool {
			if len(e.Metadata) == 0 {
				e.Metadata = json.RawMessage(`null`)
			}
			return true
		})},
		{"has local time", []string{"R-EVENT-05"}, eachRead(func(e *eventcore.Recorded) bool {
			e.RecordedAt = e.RecordedAt.In(time.FixedZone("local", 3600))
			return true
		})},
		{"has no time", []string{"R-EVENT-05"}, eachRead(func(e *eventcore.Recorded) bool {
			e.RecordedAt = time.Time{}
			return true
		})},
		{"folds the case of types", []string{"R-EVENT-06"}, eachRead(func(e *eventcore.Recorded) bool {
			e.Type = strings.ToLower(e.Type)
			return true
		})},
		{"cuts types off", []string{"R-EVENT-06"}, eachRead(func(e *eventcore.Recorded) bool {
			e.Type = e.Type[:min(len(e.Type), 255)]
			return true
		})},
		{"cuts data off", []string{"R-EVENT-07"}, eachRead(func(e *eventcore.Recorded) bool {
			e.Data = e.Data[:min(len(e.Data), 1<<16)]
			return true
		})},
		{"cuts metadata off", []string{"R-EVENT-10"}, eachRead(func(e *eventcore.Recorded) bool {
			e.Metadata = e.Metadata[:min(len(e.Metadata), 1<<16)]
			return true
		})},
		{"cuts metadata off in the global order", []string{"R-EVENT-10"}, eachAll(func(e *eventcore.Recorded) bool {
			e.Metadata = e.Metadata[:min(len(e.Metadata), 1<<20)]
			return true
		})},
		{
			"uses its buffer again",
			[]string{"R-EVENT-08"},
			onRead(func(ctx context.Context, id eventcore.StreamID, after eventcore.Version, inner readFunc) seq {
				buffer := make([]byte, 0, 1<<10)
				return each(inner(ctx, id, after), func(e *eventcore.Recorded) bool {
					buffer = append(buffer[:0], e.Data...)
					e.Data = buffer
					return true
				})
			}),
		},
		{"tells the time of the read", []string{"R-EVENT-09"}, eachRead(func(e *eventcore.Recorded) bool {
			e.RecordedAt = time.Unix(reads.Add(1), 0).UTC()
			return true
		})},
		{"stores ASCII", []string{"R-TYPED-01", "R-EVENT-02"}, eachRead(func(e *eventcore.Recorded) bool {
			e.Data = bytes.Map(func(r rune) rune {
				if r >= utf8.RuneSelf {
					return '?'
				}
				return r
			}, e.Data)
			return true
		})},
		{"leaves out data that is no object", []string{"R-TYPED-02"}, eachRead(func(e *eventcore.Recorded) bool {
			return bytes.HasPrefix(e.Data, []byte("{"))
		})},
		{"leaves out types that it cannot name", []string{"R-TYPED-03"}, eachRead(func(e *eventcore.Recorded) bool {
			return !strings.Contains(e.Type, "-")
		})},
	}
}

// named changes the name of each stream before the store sees it.
func named(change func(string) string) func(*hooked) {
	return func(s *hooked) {
		rename := func(id eventcore.StreamID) eventcore.StreamID { return eventcore.MustStreamID(change(id.String())) }
		inner, read := s.append, s.read
		s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
			participants, events := slices.Clone(w.Participants()), eventsOf(w)
			for i := range participants {
				participants[i].Stream = rename(participants[i].Stream)
			}
			for i := range events {
				events[i].to = rename(events[i].to)
			}
			return inner(ctx, rebuilt(participants, events))
		}
		s.read = func(ctx context.Context, id eventcore.StreamID, after eventcore.Version) seq {
			return read(ctx, rename(id), after)
		}
	}
}

func brokenStreams() []broken {
	return []broken{
		{"counts versions over all streams", []string{"R-STREAM-01"}, eachRead(func(e *eventcore.Recorded) bool {
			_, lo := e.Position.Parts()
			e.Version = eventcore.Version(lo)
			return true
		})},
		{"finds streams by prefix", []string{"R-STREAM-02"}, func(s *hooked) {
			s.read = func(ctx context.Context, id eventcore.StreamID, after eventcore.Version) seq {
				prefix, err := eventcore.ParseStreamPrefix(id.String())
				if err != nil {
					return fails(eventcore.OpReadStream, err)
				}
				return each(s.readAll(ctx, eventcore.Filter{Prefix: prefix}, eventcore.Position{}, 0),
					func(e *eventcore.Recorded) bool { return e.Version > after })
			}
		}},
		{"folds the case of IDs", []string{"R-STREAM-03"}, named(strings.ToLower)},
		{"folds the space in IDs", []string{"R-STREAM-03"}, named(func(name string) string { return strings.Join(strings.Fields(name), " ") })},
		{"makes file names of IDs", []string{"R-STREAM-05"}, named(path.Clean)},
		{"drops a dot at the end, as some file systems do", []string{"R-STREAM-05"}, named(func(name string) string {
			if strings.Trim(name, ".") == "" {
				return name
			}
			return strings.TrimRight(name, ".")
		})},
		{"drops what cannot be seen", []string{"R-STREAM-05"}, named(func(name string) string {
			return strings.Map(func(r rune) rune {
				if unicode.Is(unicode.Cf, r) {
					return -1
				}
				return r
			}, name)
		})},
		{"decodes what looks encoded", []string{"R-STREAM-05"}, named(func(name string) string {
			if decoded, err := url.PathUnescape(name); err == nil && !strings.ContainsAny(decoded, "*?[]\x00") {
				return decoded
			}
			return name
		})},
		{"cuts IDs off at 255 bytes", []string{"R-STREAM-04"}, named(func(name string) string {
			return strings.ToValidUTF8(name[:min(len(name), 255)], "")
		})},
	}
}

var errNotFound = errors.New("stream not found")

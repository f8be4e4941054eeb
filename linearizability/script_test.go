package linearizability_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// script reads a history from text. A line is a call,
//
//	c1 3-6 append a@0+x1,x2 b@4 → ok
//	c1 3-never append a@0+x1 → unknown
//	c2 7-8 read a after 1 → x2
//	c2 7-8 all after 10 limit 2 type x prefix a → x1 x2 stopped
//
// with its stamps, or the final state of a stream or of the global order:
//
//	a = x1 x2
//	global = x1 x2
//
// The first letter of an event is its type. What a line does not say is right: versions,
// positions (10, 20 and so on in the final global order) and results. "ok a@7" and
// "ok at 7" are other results; "conflict a expected 0 found 3", "conflict a expected 0"
// and "refused" are the ways of not being applied. "x2@5", "x2@b/5" and "x2^30" came
// at another version, in another stream, at another position. A read ends "stopped",
// "failed" or else completely.
type script struct {
	t      *testing.T
	ops    []linearizability.Operation
	final  *linearizability.Final
	lines  [][]string
	places map[string]eventcore.Recorded
}

func parse(t *testing.T, text string) linearizability.History {
	t.Helper()
	s := &script{
		t: t, places: make(map[string]eventcore.Recorded),
		final: &linearizability.Final{Streams: make(map[eventcore.StreamID][]eventcore.Recorded)},
	}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 1 && words[1] == "=" {
			s.finalLine(words[0], words[2:])
		} else if len(words) > 0 {
			s.lines = append(s.lines, words)
		}
	}
	for _, words := range s.lines {
		s.call(words)
	}
	for id := range s.final.Streams {
		for v := range s.final.Streams[id] {
			if e := &s.final.Streams[id][v]; s.final.Global != nil {
				e.Position = s.places[nameOf(e.ID)].Position
			}
		}
	}
	for rank := range s.final.Global {
		e := &s.final.Global[rank]
		at := s.places[nameOf(e.ID)]
		e.Stream, e.Version, e.Type = at.Stream, at.Version, at.Type
	}
	return closed(s.ops, s.final)
}

// idOf makes an event ID of a short name; nameOf is its inverse.
func idOf(name string) eventcore.EventID {
	var id eventcore.EventID
	copy(id[:], name)
	return id
}

func nameOf(id eventcore.EventID) string { return strings.TrimRight(string(id[:]), "\x00") }

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

func at(t *testing.T, s string) eventcore.Position {
	t.Helper()
	return eventcore.NewPosition(0, uint64(number(t, s)))
}

func (s *script) finalLine(of string, names []string) {
	if of == "global" {
		s.final.Global = []eventcore.Recorded{}
	} else {
		s.final.Streams[eventcore.MustStreamID(of)] = nil
	}
	for n, word := range names {
		name, position, moved := strings.Cut(word, "^")
		e := s.places[name]
		e.ID, e.Type = idOf(name), name[:1]
		if of == "global" {
			e.Position = eventcore.NewPosition(0, uint64(n+1)*10)
			if moved {
				e.Position = at(s.t, position)
			}
			s.final.Global = append(s.final.Global, e)
		} else {
			e.Stream, e.Version = eventcore.MustStreamID(of), eventcore.Version(n+1)
			s.final.Streams[e.Stream] = append(s.final.Streams[e.Stream], e)
		}
		if _, known := s.places[name]; known && of != "global" {
			continue // where it is first
		}
		s.places[name] = e
	}
}

func (s *script) call(words []string) {
	arrow := slices.Index(words, "→")
	require.Positive(s.t, arrow, "%v", words)
	call, ret, _ := strings.Cut(words[1], "-")
	op := linearizability.Operation{
		Client: number(s.t, words[0][1:]), Call: int64(number(s.t, call)), Return: linearizability.Never,
	}
	if ret != "never" {
		op.Return = int64(number(s.t, ret))
	}
	arguments, result := words[3:arrow], words[arrow+1:]
	switch words[2] {
	case "append":
		s.batch(&op, arguments)
		s.outcome(&op, result)
	case "read":
		op.Kind, op.Stream = linearizability.ReadStream, eventcore.MustStreamID(arguments[0])
		if len(arguments) > 1 {
			op.After = eventcore.Version(number(s.t, arguments[2]))
		}
		s.seen(&op, result)
	case "all":
		op.Kind = linearizability.ReadAll
		s.cursor(&op, arguments)
		s.seen(&op, result)
	default:
		require.Fail(s.t, "no such call", "%v", words)
	}
	s.ops = append(s.ops, op)
}

func (s *script) batch(op *linearizability.Operation, participants []string) {
	op.Kind = linearizability.Append
	for n, text := range participants {
		stream, rest, _ := strings.Cut(text, "@")
		version, events, _ := strings.Cut(rest, "+")
		p := eventcore.Participant{Stream: eventcore.MustStreamID(stream), Expected: eventcore.Version(number(s.t, version))}
		for _, name := range strings.FieldsFunc(events, func(r rune) bool { return r == ',' }) {
			op.Events = append(op.Events, linearizability.Event{ID: idOf(name), Participant: n, Type: name[:1]})
			p.Events++
		}
		op.Participants = append(op.Participants, p)
	}
}

func (s *script) outcome(op *linearizability.Operation, words []string) {
	switch words[0] {
	case "unknown":
	case "refused":
		op.Outcome = eventcore.OutcomeNotApplied
	case "conflict":
		op.Outcome = eventcore.OutcomeNotApplied
		op.Conflict = &eventcore.VersionConflict{
			Stream: eventcore.MustStreamID(words[1]), Expected: eventcore.Version(number(s.t, words[3])), ActualUnknown: len(words) == 4,
		}
		if len(words) > 4 {
			op.Conflict.Actual = eventcore.Version(number(s.t, words[5]))
		}
	case "ok":
		op.Outcome = eventcore.OutcomeApplied
		for _, p := range op.Participants {
			if p.Events > 0 {
				op.Appended.Streams = append(op.Appended.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events)})
			}
		}
		if n := len(op.Events); n > 0 && s.final.Global != nil {
			op.Appended.Last = s.places[nameOf(op.Events[n-1].ID)].Position
		}
		if len(words) == 2 {
			stream, version, _ := strings.Cut(words[1], "@")
			op.Appended.Streams = []eventcore.StreamVersion{{Stream: eventcore.MustStreamID(stream), Version: eventcore.Version(number(s.t, version))}}
		}
		if len(words) == 3 {
			op.Appended.Last = at(s.t, words[2])
		}
	default:
		require.Fail(s.t, "no such outcome", "%v", words)
	}
}

func (s *script) cursor(op *linearizability.Operation, words []string) {
	for ; len(words) > 1; words = words[2:] {
		switch words[0] {
		case "after":
			op.Position = at(s.t, words[1])
		case "limit":
			op.Limit = number(s.t, words[1])
		case "type":
			op.Filter.Types = []string{words[1]}
		case "prefix":
			op.Filter.Prefix = mustPrefix(words[1])
		}
	}
}

func (s *script) seen(op *linearizability.Operation, words []string) {
	op.End = linearizability.Complete
	for n, word := range words {
		switch word {
		case "stopped":
			op.End = linearizability.Stopped
			continue
		case "failed":
			op.End = linearizability.Failed
			continue
		}
		name, version, elsewhere := strings.Cut(word, "@")
		name, position, moved := strings.Cut(name, "^")
		e := s.places[name]
		if op.Kind == linearizability.ReadStream {
			e.Stream, e.Version = op.Stream, op.After+eventcore.Version(n)+1
		}
		if elsewhere {
			if stream, v, other := strings.Cut(version, "/"); other {
				e.Stream, version = eventcore.MustStreamID(stream), v
			}
			e.Version = eventcore.Version(number(s.t, version))
		}
		if moved {
			e.Position = at(s.t, position)
		}
		op.Seen = append(op.Seen, linearizability.Seen{ID: idOf(name), Stream: e.Stream, Version: e.Version, Position: e.Position})
	}
}

func names(report linearizability.Report) []string {
	var all []string
	for _, a := range report.Anomalies {
		all = append(all, a.Name)
	}
	return all
}

func check(t *testing.T, h linearizability.History) linearizability.Report {
	t.Helper()
	return linearizability.Check(t.Context(), h, linearizability.Options{Timeout: time.Minute})
}

func describe(r linearizability.Report, h linearizability.History) string {
	return fmt.Sprintf("%+v\n%s", r, text(h))
}

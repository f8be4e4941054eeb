package eventcore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var errScript = errors.New("cause")

// script is a command, a store and what they do, in lines of words:
//
//	declare STREAM…          the streams the command declares
//	discover                 the command also reads the streams that links name
//	emit STREAM N|sum|bad    it emits N, the sum of what it read, or what has no JSON
//	refuse                   it is forbidden by a business rule
//	retry fixed DELAY N, retry none
//	metadata JSON
//	stream STREAM ITEM…      the store holds: a number; ->STREAM, a link; undecodable,
//	                         unregistered, alien, an event that is no event of the command;
//	                         gap, a version left out; repeated, one yielded again; foreign, an event of another
//	                         stream; error, a read that fails there
//	append WORD, sleep WORD  how the next one ends; see append and sleep below
//
// A line that begins with # is a comment.
type script struct {
	declared, emits [][]string
	discovers       bool
	refuses         bool
	options         []eventcore.Option
	streams         map[string][]string
	appends, sleeps [][]string

	log strings.Builder
	ids map[eventcore.EventID]int
}

func parseScript(t *testing.T, text string) *script {
	t.Helper()
	s := &script{streams: map[string][]string{}, ids: map[eventcore.EventID]int{}}
	registry := eventcore.NewRegistry()
	eventcore.MustRegister[added](registry, "added")
	eventcore.MustRegister[linked](registry, "linked")
	eventcore.MustRegister[unencodable](registry, "unencodable")
	eventcore.MustRegister[alien](registry, "alien")
	s.options = []eventcore.Option{eventcore.WithCodec(registry), eventcore.WithIDs(newIDs()), eventcore.WithRandom(fixedRandom())}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		s.parseLine(t, words[0], words[1:])
	}
	return s
}

func (s *script) parseLine(t *testing.T, verb string, args []string) {
	t.Helper()
	switch verb {
	case "declare":
		s.declared = append(s.declared, args)
	case "discover":
		s.discovers = true
	case "emit":
		s.emits = append(s.emits, args)
	case "refuse":
		s.refuses = true
	case "retry":
		s.options = append(s.options, eventcore.WithRetry(parseRetry(t, args)))
	case "metadata":
		s.options = append(s.options, eventcore.WithMetadata(json.RawMessage(args[0])))
	case "stream":
		s.streams[args[0]] = args[1:]
	case "append":
		s.appends = append(s.appends, args)
	case "sleep":
		s.sleeps = append(s.sleeps, args)
	default:
		t.Fatalf("%q is no line of a script", verb)
	}
}

func parseRetry(t *testing.T, args []string) eventcore.RetryPolicy {
	t.Helper()
	if args[0] == "none" {
		return eventcore.NoRetry()
	}
	delay, err := time.ParseDuration(args[1])
	require.NoError(t, err)
	retries, err := strconv.Atoi(args[2])
	require.NoError(t, err)
	return eventcore.Fixed(delay, retries)
}

func (s *script) say(format string, args ...any) {
	s.log.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// read folds the events of a stream as the script has them.
func (s *script) read(t *testing.T, id eventcore.StreamID, fold func(*eventcore.Recorded) bool) error {
	t.Helper()
	version := eventcore.Version(0)
	for _, item := range s.streams[id.String()] {
		version++
		e := eventcore.Recorded{Stream: id, Version: version, Type: "added", Data: json.RawMessage(`{"n":0}`)}
		switch target, link := strings.CutPrefix(item, "->"); {
		case link:
			e.Type, e.Data = "linked", json.RawMessage(`{"to":"`+target+`"}`)
		case item == "error":
			return &eventcore.StoreFailure{Operation: eventcore.OpReadStream, Err: errScript}
		case item == "undecodable":
			e.Data = json.RawMessage(`{"n":"x"}`)
		case item == "unregistered":
			e.Type = "renamed"
		case item == "alien":
			e.Type, e.Data = "alien", json.RawMessage(`{}`)
		case item == "gap":
			version++
			e.Version = version
		case item == "repeated":
			version--
			e.Version = version
		case item == "foreign":
			e.Stream = eventcore.MustStreamID("other")
		default:
			e.Data = json.RawMessage(`{"n":` + item + `}`)
		}
		if !fold(&e) {
			s.say("  stop at %s@%d", e.Stream, e.Version)
			return nil
		}
	}
	return nil
}

// append ends an append as the next append line says:
//
//	ok             it is applied
//	race STREAM N  somebody else has appended N to a stream
//	not-applied, unknown, applied: it fails with this outcome
//	unknown-conflict, not-applied-conflict: the same, and the cause is a conflict
//	bare           it fails with an error that says nothing
func (s *script) append(t *testing.T, w eventcore.Writes) (eventcore.Appended, error) {
	t.Helper()
	require.NotEmpty(t, s.appends, "the script has no append left")
	line := s.appends[0]
	s.appends = s.appends[1:]
	failure := func(outcome eventcore.Outcome, err error) error {
		return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: outcome, Err: err}
	}
	// A store that fails may still fill in a result; it must not be passed on.
	result := eventcore.Appended{}
	for _, p := range w.Participants() {
		if p.Events > 0 {
			result.Streams = append(result.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: p.Expected + eventcore.Version(p.Events)})
		}
	}
	switch line[0] {
	case "ok":
		return result, nil
	case "race":
		at := eventcore.Version(len(s.streams[line[1]]))
		s.streams[line[1]] = append(s.streams[line[1]], line[2])
		return result, &eventcore.VersionConflict{Stream: eventcore.MustStreamID(line[1]), Expected: at, Actual: at + 1}
	case "not-applied":
		return result, failure(eventcore.OutcomeNotApplied, errScript)
	case "unknown":
		return result, failure(eventcore.OutcomeUnknown, errScript)
	case "applied":
		return result, failure(eventcore.OutcomeApplied, errScript)
	case "unknown-conflict":
		return result, failure(eventcore.OutcomeUnknown, conflictOn(w))
	case "not-applied-conflict":
		return result, failure(eventcore.OutcomeNotApplied, conflictOn(w))
	case "bare":
		return result, errScript
	default:
		t.Fatalf("append %q", line)
		return result, nil
	}
}

// sleep ends a wait: ok, or cancelled.
func (s *script) sleep(t *testing.T) error {
	t.Helper()
	require.NotEmpty(t, s.sleeps, "the script has no sleep left")
	line := s.sleeps[0]
	s.sleeps = s.sleeps[1:]
	if line[0] == "cancelled" {
		return context.Canceled
	}
	require.Equal(t, "ok", line[0])
	return nil
}

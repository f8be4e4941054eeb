package eventcore_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var update = flag.Bool("update", false, "write what the machine does into testdata/machine")

const transcriptMark = "-- transcript --\n"

// TestMachineFollowsItsTranscripts drives a machine by the scripts in testdata/machine
// and compares all that it does with the transcripts there. The scripts' language is
// that of [script]. Run with -update after an intended change and read the difference.
func TestMachineFollowsItsTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/machine/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			source, want, _ := strings.Cut(string(text), transcriptMark)
			got := parseScript(t, source).run(t)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(source+transcriptMark+got), 0o600))
				return
			}
			require.Equal(t, want, got)
		})
	}
}

// run executes the script's command on a machine, and answers as the script says.
func (s *script) run(t *testing.T) string {
	t.Helper()
	m, err := eventcore.NewMachine(s.command(), s.options...)
	if err != nil {
		s.say("refused: %v", err)
		return s.log.String()
	}
	for {
		switch effect := m.Next(); effect.Kind {
		case eventcore.EffectRead:
			s.say("read %s", effect.Stream)
			m.ReadEnded(s.read(t, effect.Stream, m.Fold))
		case eventcore.EffectAppend:
			s.sayWrites(effect.Writes)
			m.AppendEnded(s.append(t, effect.Writes))
		case eventcore.EffectSleep:
			s.say("sleep %v after attempt %d: %v", effect.Retry.Delay, effect.Retry.Attempt, effect.Retry.Conflict)
			m.Slept(s.sleep(t))
		case eventcore.EffectDone:
			s.sayDone(effect)
			require.Empty(t, s.appends, "the machine did not ask for all appends of the script")
			require.Empty(t, s.sleeps, "the machine did not ask for all sleeps of the script")
			return s.log.String()
		default:
			t.Fatalf("the machine wants %v", effect.Kind)
		}
	}
}

// sayWrites names events by the order in which their IDs were first seen, so that the
// transcript shows which IDs are new.
func (s *script) sayWrites(w eventcore.Writes) {
	s.say("append")
	for _, p := range w.Participants() {
		s.say("  expect %s@%d, events: %d", p.Stream, p.Expected, p.Events)
	}
	for _, e := range w.Events() {
		if s.ids[e.Event.ID] == 0 {
			s.ids[e.Event.ID] = len(s.ids) + 1
		}
		s.say("  to %s: #%d %s %s %s", w.Participants()[e.Participant].Stream, s.ids[e.Event.ID], e.Event.Type, e.Event.Data, e.Event.Metadata)
	}
}

func (s *script) sayDone(effect *eventcore.Effect) {
	result := effect.Executed
	s.say("done: %v, attempts: %d", result.Outcome, result.Attempts)
	for _, at := range result.Read {
		s.say("  read %s@%d", at.Stream, at.Version)
	}
	for _, at := range result.Appended.Streams {
		s.say("  appended %s@%d", at.Stream, at.Version)
	}
	if effect.Err == nil {
		return
	}
	s.say("  error: %v", effect.Err)
	s.say("  which is: %s", strings.Join(kinds(effect.Err), ", "))
	s.say("  outcome of it: %v", eventcore.OutcomeOf(effect.Err))
}

// kinds returns what errors.Is and errors.As find in err.
func kinds(err error) []string {
	var found []string
	for _, kind := range []struct {
		name string
		is   bool
	}{
		{"business rule", errors.Is(err, errOverdrawn)},
		{"cancelled", errors.Is(err, context.Canceled)},
		{"script's cause", errors.Is(err, errScript)},
		{"ErrVersionConflict", errors.Is(err, eventcore.ErrVersionConflict)},
		{"VersionConflict", is[*eventcore.VersionConflict](err)},
		{"UndeclaredStream", is[*eventcore.UndeclaredStream](err)},
		{"SerializationFailed", is[*eventcore.SerializationFailed](err)},
		{"DeserializationFailed", is[*eventcore.DeserializationFailed](err)},
		{"StoreFailure", is[*eventcore.StoreFailure](err)},
	} {
		if kind.is {
			found = append(found, kind.name)
		}
	}
	return found
}

func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

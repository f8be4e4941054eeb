package eventcore_test

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

type scriptMachine = eventcore.ProjectionMachine[scriptEvent]

// answer performs an effect as the script says: ok; error, it fails; did, it has taken
// effect and fails all the same; cancel, the context ends before it, during, while it
// is done; of a sleep, arrive, there is an event at its end; of a load, a save and a lease, what their own methods say.
func (s *projectionScript) answer(t *testing.T, m *scriptMachine, effect *eventcore.ProjectionEffect[scriptEvent]) {
	t.Helper()
	word := s.next(effect.Kind)
	if word == "cancel" {
		s.say("cancelled before %v", effect.Kind)
		m.Cancel(context.Canceled)
		return
	}
	detached := ""
	if effect.Detached {
		detached = " detached"
	}
	switch effect.Kind {
	case eventcore.ProjectionRead:
		s.read(t, m, effect, word)
	case eventcore.ProjectionApply:
		e := effect.Event
		s.say("apply %s %s@%d %v: %s", e.Position, e.Stream, e.Version, e.Payload, word)
		if s.own && word != "error" {
			s.checkpoint = e.Position
		}
		m.Applied(failing(word, "apply"))
	case eventcore.ProjectionSkip:
		s.say("skip to %s: %s", effect.At, word)
		if word != "error" {
			s.checkpoint = effect.At
		}
		m.SkipEnded(failing(word, eventcore.OpSaveCheckpoint))
	case eventcore.ProjectionSave:
		s.say("save %s%s: %s", effect.At, detached, word)
		m.Saved(s.save(effect.At, word))
	case eventcore.ProjectionLoad:
		m.Loaded(s.load(t, word))
	case eventcore.ProjectionSleep:
		s.say("sleep %v (%v): %s", effect.Delay, effect.Reason, word)
		if word == "arrive" {
			s.parseEvents([]string{"late=1"})
			word = "ok"
		}
		m.Slept(failing(word, "clock"))
	case eventcore.ProjectionAcquire:
		s.say("acquire: %s", word)
		s.token++
		m.Acquired(s.token, leaseError(word, eventcore.OpAcquire))
	case eventcore.ProjectionCheck:
		s.say("check%s: %s", detached, word)
		m.Checked(leaseError(word, eventcore.OpCheckLease))
	case eventcore.ProjectionRelease:
		s.say("release%s: %s", detached, word)
		m.Released(leaseError(word, eventcore.OpReleaseLease))
	default:
		t.Fatalf("the machine wants %v", effect.Kind)
	}
}

func failing(word string, operation eventcore.Operation) error {
	if word == "ok" {
		return nil
	}
	return &eventcore.StoreFailure{Operation: operation, Err: errScript}
}

// leaseError is the error of held and lost.
func leaseError(word string, operation eventcore.Operation) error {
	switch word {
	case "held":
		return &eventcore.StoreFailure{Operation: operation, Err: eventcore.ErrLeaseHeld}
	case "lost":
		return &eventcore.StoreFailure{Operation: operation, Err: eventcore.ErrLeaseLost}
	default:
		return failing(word, operation)
	}
}

// save ends as said, or finds the checkpoint further on (moved) or before it (back).
func (s *projectionScript) save(at eventcore.Position, word string) (eventcore.Position, error) {
	_, lo := at.Parts()
	switch word {
	case "error":
		return eventcore.Position{}, failing(word, eventcore.OpSaveCheckpoint)
	case "moved":
		return eventcore.NewPosition(0, lo+1), nil
	case "back":
		return eventcore.NewPosition(0, lo-1), nil
	}
	s.checkpoint = at
	return at, failing(word, eventcore.OpSaveCheckpoint)
}

// load loads what was saved, or the position that the word is.
func (s *projectionScript) load(t *testing.T, word string) (eventcore.Position, error) {
	t.Helper()
	if word != "ok" && word != "error" {
		at, err := eventcore.ParsePosition(word)
		require.NoError(t, err)
		s.checkpoint = at
		word = "ok"
	}
	s.say("load %s: %s", s.checkpoint, word)
	return s.checkpoint, failing(word, eventcore.OpLoadCheckpoint)
}

// read yields the page, or what the word says of it: error, it fails at once; cut, after
// the first event; cancelled, the context ends after the first; late, the first comes last;
// again, the first comes twice; old, one from before; other, one that the filter does not
// select; more, more than the limit.
func (s *projectionScript) read(t *testing.T, m *scriptMachine, effect *eventcore.ProjectionEffect[scriptEvent], word string) {
	t.Helper()
	var page []eventcore.Recorded
	for _, e := range s.events {
		if e.Position.Compare(effect.After) > 0 && effect.Filter.Match(e.Stream, e.Type) && (len(page) < effect.Limit || word == "more") {
			page = append(page, e)
		}
	}
	switch word {
	case "error":
		page = nil
	case "cut":
		page = page[:1]
	case "late":
		page = append(page[1:], page[0])
	case "again":
		page = append(page[:1], page...)
	case "old":
		page = append(s.events[:1:1], page...)
	case "other":
		page = append(page[:1:1], s.events[1])
	}
	var taken []string
	for i := range page {
		took := m.Take(&page[i])
		taken = append(taken, fmt.Sprintf("%s@%d", page[i].Stream, page[i].Version))
		if !took {
			taken = append(taken, "stop")
			break
		}
	}
	s.say("read %s behind %s, at most %d: %s %s", cmp.Or(effect.Filter.Pattern.String(), "*"), effect.After, effect.Limit, word, strings.Join(taken, " "))
	if word == "error" || word == "cut" {
		m.ReadEnded(failing(word, eventcore.OpReadAll))
		return
	}
	m.ReadEnded(nil)
}

package eventcore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// TestProjectionFollowsItsTranscripts drives a projection by the scripts in
// testdata/projection and compares all that it does with the transcripts there. The
// scripts' language is that of [projectionScript]. Run with -update after an intended change
// and read the difference.
func TestProjectionFollowsItsTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/projection/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			source, want, _ := strings.Cut(string(text), transcriptMark)
			got := parseProjection(t, source).run(t)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(source+transcriptMark+got), 0o600))
				return
			}
			require.Equal(t, want, got)
		})
	}
}

// run drives the script's projection by its machine, and answers as the script says.
func (s *projectionScript) run(t *testing.T) string {
	t.Helper()
	m, err := eventcore.NewProjectionMachine(s.projector(), s.options...)
	if err != nil {
		s.say("refused: %v", err)
		return s.log.String()
	}
	for range 1000 {
		for _, notice := range m.TakeNotices() {
			s.sayNotice(notice)
		}
		effect := m.Next()
		if effect.Kind == eventcore.ProjectionDone {
			s.sayProjected(effect)
			for kind, left := range s.answers {
				require.Empty(t, left, "the machine did not ask for every %s of the script", kind)
			}
			return s.log.String()
		}
		s.answer(t, m, effect)
	}
	t.Fatalf("the projection does not end:\n%s", s.log.String())
	return ""
}

func (s *projectionScript) sayNotice(n eventcore.ProjectionNotice) {
	s.say("notice: %v, attempt %d, token %d: %v", n.Kind, n.Attempt, n.Token, n.Err)
}

func (s *projectionScript) sayProjected(effect *eventcore.ProjectionEffect[scriptEvent]) {
	p := effect.Projected
	s.say("done: at %s, checkpoint %s, applied %d, skipped %d, retried %d, failures %d",
		p.Position, p.Checkpoint, p.Applied, p.Skipped, p.Retried, p.Failures)
	if effect.Err != nil {
		s.say("  error: %v", effect.Err)
		s.say("  which is: %s", strings.Join(projectionKinds(effect.Err), ", "))
	}
}

// projectionKinds returns what errors.Is and errors.As find in err.
func projectionKinds(err error) []string {
	var found []string
	for _, kind := range []struct {
		name string
		is   bool
	}{
		{"EventFailure", is[*eventcore.EventFailure](err)},
		{"ErrLeaseHeld", errors.Is(err, eventcore.ErrLeaseHeld)},
		{"ErrLeaseLost", errors.Is(err, eventcore.ErrLeaseLost)},
		{"ErrCheckpointMoved", errors.Is(err, eventcore.ErrCheckpointMoved)},
	} {
		if kind.is {
			found = append(found, kind.name)
		}
	}
	return append(found, kinds(err)...)
}

// unused stands for what the machine never calls.
type unused struct{}

func (unused) LoadCheckpoint(context.Context, eventcore.SubscriptionID) (eventcore.Position, error) {
	panic("the machine loaded a checkpoint")
}

func (unused) SaveCheckpoint(context.Context, eventcore.SubscriptionID, eventcore.Position) (eventcore.Position, error) {
	panic("the machine saved a checkpoint")
}

func (unused) TryAcquire(context.Context, eventcore.SubscriptionID) (eventcore.Lease, error) {
	panic("the machine acquired a lease")
}

func (s *projectionScript) projector() eventcore.Projector[scriptEvent] {
	plain := eventcore.ProjectorFunc[scriptEvent](func(context.Context, eventcore.Event[scriptEvent]) error {
		panic("the machine applied an event")
	})
	if s.own {
		return unusedCheckpointing{plain}
	}
	return plain
}

type unusedCheckpointing struct {
	eventcore.Projector[scriptEvent]
}

func (unusedCheckpointing) LoadCheckpoint(context.Context) (eventcore.Position, error) {
	panic("the machine loaded a checkpoint")
}

func (unusedCheckpointing) SkipEvent(context.Context, eventcore.Position) error {
	panic("the machine skipped an event")
}

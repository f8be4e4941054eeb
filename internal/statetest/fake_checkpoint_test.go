package statetest

import (
	"context"
	"testing"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func (h *fakeHandle) LoadCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Position, error) {
	if err := h.refused(ctx, eventcore.OpLoadCheckpoint, subscription.IsZero()); err != nil {
		return eventcore.Position{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	name := h.name(subscription.String())
	return seen(h, name, h.checkpoints[name]), nil
}

func (h *fakeHandle) SaveCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	refused := h.refused(ctx, eventcore.OpSaveCheckpoint, subscription.IsZero())
	if refused != nil && !h.is("does what it refuses") {
		return eventcore.Position{}, refused
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	name := h.name(subscription.String())
	there := h.checkpoints[name]
	h.between()
	if h.before(at, there) {
		if h.is("returns what it was given") {
			return at, nil
		}
		return there, nil
	}
	h.checkpoints[name] = at
	if h.is("returns what was there") {
		return there, nil
	}
	return at, refused
}

// before says whether at lies before the checkpoint.
func (h *fakeHandle) before(at, there eventcore.Position) bool {
	hi, lo := at.Parts()
	thereHi, thereLo := there.Parts()
	switch h.bug {
	case "goes backwards":
		return false
	case "compares the lower half":
		return lo < thereLo
	case "compares signed numbers":
		return int64(hi) < int64(thereHi) || hi == thereHi && int64(lo) < int64(thereLo)
	case "compares texts":
		return at.String() < there.String()
	}
	return at.Compare(there) < 0
}

func TestTheChecksOfCheckpointsFindBugs(t *testing.T) {
	const never, apart = "a checkpoint never moves backwards", "subscriptions are kept apart"
	const done, raced = "a done context moves nothing", "concurrent saves leave the greatest"
	finds(t, checkpointChecks(), []planted{
		{"goes backwards", never},
		{"compares the lower half", never},
		{"compares signed numbers", never},
		{"compares texts", never},
		{"returns what it was given", never},
		{"returns what was there", never},
		{"folds case", apart},
		{"cuts long names", apart},
		{"one for all", apart},
		{"remembers what it saw first", "another handle sees a save that has returned"},
		{"forgets when it is closed", "a checkpoint is there after reopening"},
		{"goes backwards", "a checkpoint is there after reopening"},
		{"ignores the context", done},
		{"hides the context", done},
		{"is no failure", done},
		{"names another operation", done},
		{"does what it refuses", done},
		{"takes empty names", "the zero subscription is refused"},
		{"looks, then does", raced},
		{"goes backwards", raced},
		{"compares the lower half", raced},
		{"returns what it was given", raced},
	})
}

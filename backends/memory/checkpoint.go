package memory

import (
	"context"
	"errors"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// errNoSubscription refuses the zero ID.
var errNoSubscription = errors.New("the subscription ID is empty; make one with ParseSubscriptionID")

// LoadCheckpoint implements [eventcore.CheckpointStore].
func (s *Store) LoadCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Position, error) {
	if err := refuses(ctx, subscription); err != nil {
		return eventcore.Position{}, &eventcore.StoreFailure{Operation: eventcore.OpLoadCheckpoint, Err: err}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.checkpoints[subscription], nil
}

// SaveCheckpoint implements [eventcore.CheckpointStore]. After an error nothing has moved.
func (s *Store) SaveCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	if err := refuses(ctx, subscription); err != nil {
		return eventcore.Position{}, &eventcore.StoreFailure{
			Operation: eventcore.OpSaveCheckpoint, Outcome: eventcore.OutcomeNotApplied, Err: err,
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.checkpoints[subscription]; found.Compare(at) >= 0 {
		return found, nil
	}
	s.checkpoints[subscription] = at
	return at, nil
}

// refuses says why nothing can be done for the subscription.
func refuses(ctx context.Context, subscription eventcore.SubscriptionID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if subscription.IsZero() {
		return errNoSubscription
	}
	return nil
}

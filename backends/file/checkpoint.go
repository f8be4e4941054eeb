package file

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// errNoSubscription refuses the zero ID.
var errNoSubscription = errors.New("the subscription ID is empty; make one with ParseSubscriptionID")

// checkpoint is what the file of a checkpoint has.
type checkpoint struct {
	Format       int                      `json:"format"`
	Subscription eventcore.SubscriptionID `json:"subscription"`
	Position     eventcore.Position       `json:"position"`
	// Append is the one that the event at the position belongs to, if there is such an
	// event.
	Append eventcore.EventID `json:"append,omitzero"`
}

// LoadCheckpoint implements [eventcore.CheckpointStore]. What it returns is as durable as
// an append: with [FsyncAlways] it first makes sure of a checkpoint that another process
// has left. A checkpoint whose event is not in the store any more is refused with
// [ErrDamaged]: events that are appended now would get positions at which the subscription
// believes to have been. A position at which no event was when it was saved is not checked.
func (s *Store) LoadCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID) (at eventcore.Position, err error) {
	if subscription.IsZero() {
		return at, failed(eventcore.OpLoadCheckpoint, errNoSubscription)
	}
	err = s.checkpoints.in(ctx, func() (err error) {
		at, err = s.checkpoint(ctx, subscription)
		return err
	})
	if err != nil {
		return eventcore.Position{}, failed(eventcore.OpLoadCheckpoint, err)
	}
	return at, nil
}

// SaveCheckpoint implements [eventcore.CheckpointStore]. The outcome of a failure tells
// whether it may have moved.
func (s *Store) SaveCheckpoint(ctx context.Context, subscription eventcore.SubscriptionID, at eventcore.Position) (then eventcore.Position, err error) {
	if subscription.IsZero() {
		return then, failed(eventcore.OpSaveCheckpoint, errNoSubscription)
	}
	err = s.checkpoints.in(ctx, func() (err error) {
		then, err = s.checkpoint(ctx, subscription)
		if err != nil || then.Compare(at) >= 0 {
			return err
		}
		then = at
		return s.writeCheckpoint(ctx, checkpoint{
			Format: format, Subscription: subscription, Position: at, Append: s.appendAt(at),
		})
	})
	if err != nil {
		return eventcore.Position{}, failed(eventcore.OpSaveCheckpoint, err)
	}
	return then, nil
}

// checkpoint returns the checkpoint of a subscription, once it is durable. The zero
// Position: there is none.
func (s *Store) checkpoint(ctx context.Context, subscription eventcore.SubscriptionID) (eventcore.Position, error) {
	if at, known := s.known[subscription]; known {
		return at, nil
	}
	name := nameOf(checkpointsDir, subscription.String())
	content, found, err := s.checkpoints.read(name)
	if err != nil || !found {
		return eventcore.Position{}, err
	}
	var c checkpoint
	if err := unsealed(content, &c); err != nil {
		return eventcore.Position{}, badCheckpoint(name, subscription, err)
	}
	switch {
	case c.Format != format:
		return eventcore.Position{}, fmt.Errorf("%s: it has format %d, this program knows %d; %s", name, c.Format, format, newer)
	case c.Subscription != subscription:
		return eventcore.Position{}, badCheckpoint(name, subscription, fmt.Errorf("it belongs to %q", c.Subscription))
	case c.Append != eventcore.EventID{} && s.appendAt(c.Position) != c.Append:
		return eventcore.Position{}, badCheckpoint(name, subscription,
			fmt.Errorf("it has come to position %s, an event in %s/%s, which is not there any more: events were lost or taken away",
				c.Position, eventsDir, fileName(c.Append)))
	}
	if s.cfg.Fsync != FsyncAlways {
		s.known[subscription] = c.Position
		return c.Position, nil
	}
	// It may not be durable yet, if the process that wrote it has died or does not sync: what
	// the caller does next would depend on it.
	return c.Position, s.writeCheckpoint(ctx, c)
}

// writeCheckpoint writes a checkpoint. It is known once that has worked.
func (s *Store) writeCheckpoint(ctx context.Context, c checkpoint) error {
	content, err := sealed(c)
	if err != nil {
		return err
	}
	if err := s.checkpoints.write(ctx, nameOf(checkpointsDir, c.Subscription.String()), content, s.cfg.Fsync); err != nil {
		return err
	}
	s.known[c.Subscription] = c.Position
	return nil
}

// badCheckpoint says what to do about a checkpoint that must not be used.
func badCheckpoint(name string, subscription eventcore.SubscriptionID, err error) error {
	return fmt.Errorf("%w: %s, the checkpoint of %q: %w; bring back what is missing from a backup, "+
		"or delete this file and what the subscription has made of the events, so that it begins anew", ErrDamaged, name, subscription, err)
}

// appendAt returns the append that the event at a position belongs to, the zero ID if there
// is none.
func (s *Store) appendAt(at eventcore.Position) eventcore.EventID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	hi, lo := at.Parts()
	if hi != s.log || lo == 0 || lo > uint64(len(s.index.entries)) {
		return eventcore.EventID{}
	}
	return s.index.files[s.index.entries[lo-1].file].id
}

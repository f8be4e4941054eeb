package eventcore

import "context"

// CheckpointStore remembers how far subscriptions have come. A [Store] may implement it;
// it may also be a database of the reader's own. All methods are safe for concurrent use,
// also from several processes on one store. A failure is a [*StoreFailure].
type CheckpointStore interface {
	// LoadCheckpoint returns the greatest position that was saved for the subscription,
	// the zero Position if none was. A save that has returned is seen.
	LoadCheckpoint(ctx context.Context, subscription SubscriptionID) (Position, error)

	// SaveCheckpoint moves the subscription's checkpoint forward to at. A checkpoint never
	// moves backwards: where it is further on already it stays there, which is no error.
	// It returns the position at which the checkpoint then is. After an error it may be
	// at either position, unless the error tells.
	SaveCheckpoint(ctx context.Context, subscription SubscriptionID, at Position) (Position, error)
}

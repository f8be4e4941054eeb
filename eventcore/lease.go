package eventcore

import (
	"context"
	"errors"
)

var (
	// ErrLeaseHeld is what errors.Is finds when a lease is not given because there is a
	// holder.
	ErrLeaseHeld = errors.New("another one leads")
	// ErrLeaseLost is what errors.Is finds when a lease is not held any more.
	ErrLeaseLost = errors.New("the lease is lost")
)

// Coordinator sees to it that at most one reader leads a subscription at a time. A [Store]
// may implement it. All methods are safe for concurrent use, also from several
// processes on one store. A failure is a [*StoreFailure].
type Coordinator interface {
	// TryAcquire makes the caller the leader of the subscription, or returns at once an
	// error in which errors.Is finds [ErrLeaseHeld]. It never waits for the holder. The
	// context bounds the call, not the lease.
	//
	// A lease ends when it is released, when its store is closed, when the process dies,
	// and, where it lives on a server, when the connection to it is lost.
	TryAcquire(ctx context.Context, subscription SubscriptionID) (Lease, error)
}

// Lease is the leadership of a subscription. Its methods are safe for concurrent use.
type Lease interface {
	// Token grows with each leadership of the subscription, over the whole life of the
	// store. Whoever keeps the largest token it has seen can refuse the writes of a
	// leader that does not know yet that it is none.
	Token() uint64

	// Check returns nil if the lease is held, or an error in which errors.Is finds
	// [ErrLeaseLost] once it is not. It may ask a server. Another error says that this
	// could not be found out.
	Check(ctx context.Context) error

	// Release gives the lease up, so that another may have it at once. A lease that is
	// lost or released already is released without an error.
	Release(ctx context.Context) error
}

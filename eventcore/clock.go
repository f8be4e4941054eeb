package eventcore

import (
	"context"
	"time"
)

// Clock tells the time and waits. Implementations are safe for concurrent use.
type Clock interface {
	// Now returns the current time in UTC.
	Now() time.Time
	// Sleep waits for d, or returns the context's error as soon as ctx is done.
	// It returns at once where d is not positive.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the clock of the machine.
type SystemClock struct{}

// Now implements [Clock].
func (SystemClock) Now() time.Time {
	return time.Now().UTC() //nolint:forbidigo // the one place where real time enters
}

// Sleep implements [Clock].
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d) //nolint:forbidigo // the one place where real time enters
	defer timer.Stop()
	select {
	case <-timer.C:
		// Both may have come about, and select picks at random.
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

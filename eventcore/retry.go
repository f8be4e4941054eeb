package eventcore

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// RetryPolicy says how often and after what delay [Execute] runs a command again
// after a version conflict. Nothing but a version conflict is retried there. The zero
// value is Exponential(10 ms, 1 s, 10). Projections use it too, with other zero values;
// see [WithFailureRetry].
type RetryPolicy struct {
	kind  retryKind
	base  time.Duration
	max   time.Duration
	limit int
}

type retryKind uint8

const (
	retryDefault retryKind = iota
	retryFixed
	retryExponential
)

// Unlimited is the number of retries that never runs out.
const Unlimited = -1

// jitterPart is the greatest change of an exponential delay, as a part of it: commands
// that conflicted once must not meet again.
const jitterPart = 5

// NoRetry never runs a command again.
func NoRetry() RetryPolicy { return RetryPolicy{kind: retryFixed} }

// Fixed waits the same delay before each of at most maxRetries retries.
func Fixed(delay time.Duration, maxRetries int) RetryPolicy {
	return RetryPolicy{kind: retryFixed, base: delay, max: delay, limit: maxRetries}
}

// Exponential waits base before the first retry and twice as long before each
// further one, but no longer than limit, each time changed by up to 20 % at random:
// the longest wait is 1.2 times limit. There are at most maxRetries retries.
func Exponential(base, limit time.Duration, maxRetries int) RetryPolicy {
	return RetryPolicy{kind: retryExponential, base: base, max: limit, limit: maxRetries}
}

// filled returns the policy that the zero value stands for, others as they are, or
// an error that names what is out of range.
func (p RetryPolicy) filled() (RetryPolicy, error) {
	if p.kind == retryDefault {
		return Exponential(10*time.Millisecond, time.Second, 10), nil
	}
	switch {
	case p.base < 0:
		return p, fmt.Errorf("eventcore: retry policy: the delay is %v; set it to 0 or more", p.base)
	case p.max < p.base:
		return p, fmt.Errorf("eventcore: retry policy: limit is %v, below base, %v; set limit ≥ base", p.max, p.base)
	case p.limit < Unlimited:
		return p, fmt.Errorf("eventcore: retry policy: maxRetries is %d; set it to 0 or more, or to Unlimited", p.limit)
	}
	return p, nil
}

// allows says whether a command that was retried n times may be retried again.
func (p RetryPolicy) allows(n int) bool { return p.limit == Unlimited || n < p.limit }

// delay returns the time to wait before retry n, counted from 0. It computes in
// integers, so that a seed gives the same delays on every machine.
func (p RetryPolicy) delay(n int, random *rand.Rand) time.Duration {
	if p.kind == retryFixed || p.base == 0 {
		return p.base
	}
	d := p.base
	for ; n > 0 && d <= p.max/2; n-- {
		d *= 2
	}
	if n > 0 {
		d = p.max
	}
	d = min(d, maxDelay)
	change := d / jitterPart
	return d - change + time.Duration(random.Int64N(int64(2*change)+1))
}

// maxDelay leaves room for the jitter.
const maxDelay = math.MaxInt64 / 2

// Retry describes a retry that is about to happen.
type Retry struct {
	// Attempt is the number of the attempt that met the conflict, from 1.
	Attempt int
	// Delay is the time until the next attempt.
	Delay time.Duration
	// Conflict is the version conflict.
	Conflict error
}

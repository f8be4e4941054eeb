package eventcore

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// RetryPolicy says how often and after what delay [Execute] runs a command again
// after a version conflict. Nothing but a version conflict is retried. The zero value
// is Exponential(10 ms, 1 s, 10).
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

// jitter is the greatest relative change of an exponential delay: commands that
// conflicted once must not meet again.
const jitter = 0.2

// NoRetry never runs a command again.
func NoRetry() RetryPolicy { return RetryPolicy{kind: retryFixed} }

// Fixed waits the same delay before each of at most retries retries.
func Fixed(delay time.Duration, retries int) RetryPolicy {
	return RetryPolicy{kind: retryFixed, base: delay, max: delay, limit: retries}
}

// Exponential waits base before the first retry and twice as long before each
// further one, up to limit, each time changed by up to 20 % at random. There are at
// most retries of them.
func Exponential(base, limit time.Duration, retries int) RetryPolicy {
	return RetryPolicy{kind: retryExponential, base: base, max: limit, limit: retries}
}

// filled returns the policy that the zero value stands for, others as they are, or
// an error that names what is out of range.
func (p RetryPolicy) filled() (RetryPolicy, error) {
	if p.kind == retryDefault {
		return Exponential(10*time.Millisecond, time.Second, 10), nil
	}
	switch {
	case p.base < 0:
		return p, fmt.Errorf("eventcore: retry policy: the delay %v is negative", p.base)
	case p.max < p.base:
		return p, fmt.Errorf("eventcore: retry policy: the greatest delay %v is below the first one, %v", p.max, p.base)
	case p.limit < Unlimited:
		return p, fmt.Errorf("eventcore: retry policy: %d retries; use 0 or more, or Unlimited", p.limit)
	}
	return p, nil
}

// allows says whether a command that was retried n times may be retried again.
func (p RetryPolicy) allows(n int) bool { return p.limit == Unlimited || n < p.limit }

// delay returns the time to wait before retry n, counted from 0.
func (p RetryPolicy) delay(n int, random *rand.Rand) time.Duration {
	if p.kind == retryFixed {
		return p.base
	}
	d := p.base
	for ; n > 0 && d < p.max/2; n-- {
		d *= 2
	}
	if n > 0 {
		d = p.max
	}
	change := 1 + jitter*(2*random.Float64()-1)
	return time.Duration(float64(d) * change)
}

// Retry describes a retry that is about to happen.
type Retry struct {
	// Attempt is the number of the attempt that met the conflict, from 1.
	Attempt int
	// Delay is the time until the next attempt.
	Delay time.Duration
	// Conflict is the version conflict.
	Conflict error
}

package eventcore

import (
	"errors"
	"fmt"
)

// EventStrategy says what becomes of an event that cannot be applied, or not be decoded.
// The zero value is [FatalEvent].
type EventStrategy struct {
	kind  strategyKind
	retry RetryPolicy
	then  strategyKind
}

type strategyKind uint8

const (
	strategyFatal strategyKind = iota
	strategySkip
	strategyRetry
)

// FatalEvent ends the projection with the error. The checkpoint stays before the event.
func FatalEvent() EventStrategy { return EventStrategy{} }

// SkipEvent leaves the event out: it is reported ([NoticeSkipped], and in the log), then
// the checkpoint moves past it. What depends on the event will be wrong.
func SkipEvent() EventStrategy { return EventStrategy{kind: strategySkip} }

// RetryEvent applies the event again after the policy's delays, and once its retries are
// used up does then, which is [FatalEvent] or [SkipEvent]. The zero policy is
// Exponential(100 ms, 30 s, 10). Meanwhile no other event is applied.
func RetryEvent(policy RetryPolicy, then EventStrategy) EventStrategy {
	return EventStrategy{kind: strategyRetry, retry: policy, then: then.kind}
}

// filled returns the strategy with its policy's defaults, or an error that names what is
// wrong with it.
func (s EventStrategy) filled() (EventStrategy, error) {
	if s.kind != strategyRetry {
		return s, nil
	}
	if s.then == strategyRetry {
		return s, errors.New("eventcore: project: RetryEvent ends in RetryEvent; end it in FatalEvent or SkipEvent")
	}
	var err error
	s.retry, err = projectionRetry(s.retry)
	return s, err
}

// decide returns what is to be done after an attempt, from 1.
func (s EventStrategy) decide(attempt int) strategyKind {
	if s.kind == strategyRetry && !s.retry.allows(attempt-1) {
		return s.then
	}
	return s.kind
}

// EventFailure is an event that could not be applied.
type EventFailure struct {
	Event Recorded
	// Err is what the projector returned, or a [*DeserializationFailed].
	Err error
	// Attempt is the number of the attempt that failed, from 1.
	Attempt int
}

// Error implements error.
func (f *EventFailure) Error() string {
	tries := ""
	if f.Attempt > 1 {
		tries = fmt.Sprintf(" (attempt %d)", f.Attempt)
	}
	return fmt.Sprintf("project event %d of stream %q at position %s%s: %v",
		f.Event.Version, f.Event.Stream, f.Event.Position, tries, f.Err)
}

// Unwrap returns the cause.
func (f *EventFailure) Unwrap() error { return f.Err }

package eventcore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var streamA = eventcore.MustStreamID("a")

func TestOutcomeIsUnknownUnlessTheErrorSaysOtherwise(t *testing.T) {
	conflict := &eventcore.VersionConflict{Stream: streamA, Expected: 1, Actual: 2}
	failure := func(o eventcore.Outcome, err error) error {
		return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: o, Err: err}
	}
	for _, tc := range []struct {
		name string
		err  error
		want eventcore.Outcome
	}{
		{"no error", nil, eventcore.OutcomeApplied},
		{"any error", errors.New("x"), eventcore.OutcomeUnknown},
		{"a bare context error", context.Canceled, eventcore.OutcomeUnknown},
		{"a conflict", conflict, eventcore.OutcomeNotApplied},
		{"a wrapped conflict", fmt.Errorf("given up: %w", conflict), eventcore.OutcomeNotApplied},
		{"the conflict sentinel", eventcore.ErrVersionConflict, eventcore.OutcomeNotApplied},
		{"two versions", &eventcore.ConflictingExpectedVersions{}, eventcore.OutcomeNotApplied},
		{"an undeclared stream", &eventcore.UndeclaredStream{}, eventcore.OutcomeNotApplied},
		{"no encoding", &eventcore.SerializationFailed{}, eventcore.OutcomeNotApplied},
		{"no decoding", &eventcore.DeserializationFailed{}, eventcore.OutcomeUnknown},
		{"a failure that says nothing", &eventcore.StoreFailure{Err: errors.New("x")}, eventcore.OutcomeUnknown},
		{"a failure known not applied", failure(eventcore.OutcomeNotApplied, errors.New("x")), eventcore.OutcomeNotApplied},
		{"a failure known applied", failure(eventcore.OutcomeApplied, errors.New("x")), eventcore.OutcomeApplied},
		{"an unknown failure that wraps a conflict", failure(eventcore.OutcomeUnknown, conflict), eventcore.OutcomeUnknown},
		{
			"an unknown failure around one known not applied",
			failure(eventcore.OutcomeUnknown, failure(eventcore.OutcomeNotApplied, errors.New("x"))), eventcore.OutcomeUnknown,
		},
		{
			"a conflict joined with an unknown failure",
			errors.Join(conflict, failure(eventcore.OutcomeUnknown, errors.New("x"))), eventcore.OutcomeUnknown,
		},
		{"a cancelled wait after a conflict", fmt.Errorf("%w after %w", context.Canceled, conflict), eventcore.OutcomeNotApplied},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, eventcore.OutcomeOf(tc.err)) })
	}
}

func TestErrorsNameTheirSubjectAndUnwrap(t *testing.T) {
	cause := errors.New("disk full")
	for _, tc := range []struct {
		err  error
		text string
		is   error
	}{
		{
			&eventcore.VersionConflict{Stream: streamA, Expected: 3, Actual: 4},
			`version conflict on stream "a": expected 3, found 4`, eventcore.ErrVersionConflict,
		},
		{
			&eventcore.VersionConflict{Stream: streamA, Expected: 3, ActualUnknown: true},
			`version conflict on stream "a": no longer at 3`, eventcore.ErrVersionConflict,
		},
		{
			&eventcore.ConflictingExpectedVersions{Stream: streamA, First: 1, Second: 2},
			`stream "a" is expected at version 1 and at version 2`, nil,
		},
		{
			&eventcore.UndeclaredStream{Stream: streamA},
			`stream "a" is not declared: an event can only go to a stream that takes part in the concurrency check`, nil,
		},
		{
			&eventcore.SerializationFailed{Stream: streamA, Type: "t", Err: cause},
			`encode event of type "t" for stream "a": disk full`, cause,
		},
		{
			&eventcore.DeserializationFailed{Stream: streamA, Version: 5, Type: "t", Err: cause},
			`decode event 5 of stream "a", of type "t": disk full`, cause,
		},
		{&eventcore.StoreFailure{Operation: eventcore.OpReadStream, Err: cause}, `read stream: disk full`, cause},
		{&eventcore.StoreFailure{Operation: eventcore.OpAppend, Err: cause}, `append (unknown outcome): disk full`, cause},
		{
			&eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: cause},
			`append (not applied): disk full`, cause,
		},
		{
			&eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeApplied, Err: cause},
			`append (applied): disk full`, cause,
		},
	} {
		require.EqualError(t, tc.err, tc.text)
		if tc.is != nil {
			require.ErrorIs(t, tc.err, tc.is)
		}
	}
}

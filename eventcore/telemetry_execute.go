package eventcore

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// execute runs the machine in a span.
func (t *Telemetry) execute(ctx context.Context, name string, run func(ctx context.Context) (Executed, error)) (Executed, error) {
	command := attribute.String("eventcore.command", name)
	ctx, span := t.tracer.Start(ctx, "eventcore.execute", trace.WithAttributes(command))
	defer span.End()
	executed, err := run(ctx)
	span.SetAttributes(
		attribute.Int("eventcore.attempts", executed.Attempts),
		attribute.String("eventcore.outcome", executed.Outcome.String()),
		attribute.Bool("eventcore.snapshot", executed.Snapshot.Resumed),
	)
	fail(span, err)
	retries := max(0, executed.Attempts-1)
	conflicts := retries
	if err != nil && isConflict(err) {
		conflicts++
	}
	by := metric.WithAttributes(command)
	t.retries.Add(ctx, int64(retries), by)
	t.conflicts.Add(ctx, int64(conflicts), by)
	return executed, err
}

// fail marks a span as failed if there is an error. A business rule that forbids a command
// is one too: the caller got no events.
func fail(span trace.Span, err error) {
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
}

// commandName names a command as its type.
func commandName(command any) string { return fmt.Sprintf("%T", untagged(command)) }

// Wrap returns the store with a span for each append and each read. A read's span lasts from
// the first event asked for to the end of the loop. The result implements [AllReader] if
// and only if the store does, and nothing else.
func (t *Telemetry) Wrap(store Store) Store {
	s := &tracedStore{t, store}
	if all, ok := store.(AllReader); ok {
		return &tracedAll{s, all}
	}
	return s
}

type tracedStore struct {
	telemetry *Telemetry
	inner     Store
}

// Append implements [Store].
func (s *tracedStore) Append(ctx context.Context, writes Writes) (Appended, error) {
	ctx, span := s.telemetry.tracer.Start(ctx, "eventcore.append", trace.WithAttributes(
		attribute.Int("eventcore.participants", len(writes.Participants())),
		attribute.Int("eventcore.events", len(writes.Events())),
	))
	defer span.End()
	appended, err := s.inner.Append(ctx, writes)
	span.SetAttributes(attribute.String("eventcore.outcome", OutcomeOf(err).String()))
	if conflict, ok := errors.AsType[*VersionConflict](err); ok {
		span.SetAttributes(attribute.String("eventcore.conflict", conflict.Stream.String()))
	}
	fail(span, err)
	return appended, err
}

type tracedAll struct {
	*tracedStore
	all AllReader
}

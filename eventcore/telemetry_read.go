package eventcore

import (
	"context"
	"iter"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// ReadStream implements [Store].
func (s *tracedStore) ReadStream(ctx context.Context, id StreamID, after Version) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		ctx, span := s.telemetry.tracer.Start(ctx, "eventcore.read", trace.WithAttributes(
			attribute.String("eventcore.stream", id.String()), attribute.Int64("eventcore.after", int64(after)), //nolint:gosec // versions count events
		))
		traced(span, s.inner.ReadStream(ctx, id, after), yield)
	}
}

// ReadAll implements [AllReader].
func (s *tracedAll) ReadAll(ctx context.Context, filter Filter, after Position, limit int) iter.Seq2[Recorded, error] {
	return func(yield func(Recorded, error) bool) {
		ctx, span := s.telemetry.tracer.Start(ctx, "eventcore.read_all", trace.WithAttributes(
			attribute.String("eventcore.after", after.String()), attribute.Int("eventcore.limit", limit),
		))
		traced(span, s.all.ReadAll(ctx, filter, after, limit), yield)
	}
}

// traced passes a sequence on and ends its span with it, also by a panic of the loop's body.
func traced(span trace.Span, events iter.Seq2[Recorded, error], yield func(Recorded, error) bool) {
	seen := 0
	defer func() {
		span.SetAttributes(attribute.Int("eventcore.events", seen))
		span.End()
	}()
	for event, err := range events {
		if err != nil {
			fail(span, err)
		} else {
			seen++
		}
		if !yield(event, err) {
			return
		}
	}
}

package eventcore

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// traceStep begins the span of a step; ended ends it with what came of the step. Waits and
// leases have no span.
func (r *projectionRun[E]) traceStep(ctx context.Context, effect *ProjectionEffect[E]) (_ context.Context, ended func()) {
	t, m := r.machine.settings.telemetry, r.machine
	if t == nil {
		return ctx, func() {}
	}
	by := attribute.String("eventcore.subscription", m.settings.subscription.String())
	before := m.result
	var span trace.Span
	switch effect.Kind { //nolint:exhaustive // the others have no span
	case ProjectionRead, ProjectionSave, ProjectionSkip:
		ctx, span = t.tracer.Start(ctx, "eventcore.projection."+effect.Kind.String(), trace.WithAttributes(by))
	case ProjectionApply:
		ctx, span = t.tracer.Start(ctx, "eventcore.projection.apply", trace.WithAttributes(by,
			attribute.String("eventcore.stream", effect.Event.Stream.String()),
			attribute.String("eventcore.type", effect.Event.Type),
			attribute.String("eventcore.position", effect.Event.Position.String()),
		))
	}
	return ctx, func() {
		t.count(ctx, before, m.result, by)
		if span == nil {
			return
		}
		if failed := m.result.Failures > before.Failures || m.result.Retried > before.Retried || m.stopErr != nil; failed {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// count adds what a step has changed.
func (t *Telemetry) count(ctx context.Context, before, after Projected, by attribute.KeyValue) {
	for _, c := range []struct {
		counter metric.Int64Counter
		n       int
	}{
		{t.projected, after.Applied - before.Applied},
		{t.skipped, after.Skipped - before.Skipped},
		{t.projectionRetries, after.Retried - before.Retried},
		{t.projectionFailures, after.Failures - before.Failures},
	} {
		if c.n > 0 {
			c.counter.Add(ctx, int64(c.n), metric.WithAttributes(by))
		}
	}
}

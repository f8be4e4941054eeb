package eventcore

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// traceStep begins the span of a step; ended ends it with the error that the step met. Waits
// and leases have no span. Without telemetry nothing is allocated.
func (r *projectionRun[E]) traceStep(ctx context.Context, effect *ProjectionEffect[E]) (_ context.Context, ended func(error)) {
	t, m := r.machine.settings.telemetry, r.machine
	if t == nil {
		return ctx, unreported
	}
	by := attribute.String("eventcore.subscription", m.settings.subscription.String())
	before, stopping := m.result, m.stopping
	step, span := t.startStep(ctx, effect.Kind, &effect.Event.Recorded, by)
	return step, func(err error) {
		t.count(step, before, m.result, by)
		if span == nil {
			return
		}
		// An event that cannot be decoded comes to no step of its own.
		if err == nil && !stopping {
			err = m.stopErr
		}
		fail(span, err)
		span.End()
	}
}

// unreported ends a step that is not reported. A literal in a generic function would be
// allocated each time.
func unreported(error) {}

// startStep returns no span for a step that has none.
func (t *Telemetry) startStep(ctx context.Context, kind ProjectionEffectKind, event *Recorded, by attribute.KeyValue) (context.Context, trace.Span) {
	switch kind {
	case ProjectionRead, ProjectionSave, ProjectionSkip:
		return t.tracer.Start(ctx, "eventcore.projection."+kind.String(), trace.WithAttributes(by))
	case ProjectionApply:
		return t.tracer.Start(ctx, "eventcore.projection.apply", trace.WithAttributes(by,
			attribute.String("eventcore.stream", event.Stream.String()),
			attribute.String("eventcore.type", event.Type),
			attribute.String("eventcore.position", event.Position.String()),
		))
	default:
		return ctx, nil
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

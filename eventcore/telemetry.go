package eventcore

import (
	"fmt"

	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// Telemetry reports executions, store calls and projections to OpenTelemetry, through its
// API alone: an application brings the SDK. It is safe for concurrent use; one is enough
// for a program. Where none is given ([WithTelemetry], [WithProjectionTelemetry]) nothing
// is reported and nothing is spent.
//
// The spans are eventcore.execute, eventcore.append, eventcore.read, eventcore.read_all,
// and, for the steps of a projection, eventcore.projection.read, .apply, .skip and .save.
// The counters are eventcore.conflicts, eventcore.retries, eventcore.projection.applied,
// eventcore.projection.skipped, eventcore.projection.retries and
// eventcore.projection.failures.
type Telemetry struct {
	tracer trace.Tracer

	conflicts, retries                                        metric.Int64Counter
	projected, skipped, projectionRetries, projectionFailures metric.Int64Counter
}

// scope names this package to OpenTelemetry.
const scope = "github.com/eventcore-go/eventcore-sim/eventcore"

// NewTelemetry makes its tracer and its counters; nil stands for a provider that reports
// nothing.
func NewTelemetry(traces trace.TracerProvider, metrics metric.MeterProvider) (*Telemetry, error) {
	if traces == nil {
		traces = tracenoop.NewTracerProvider()
	}
	if metrics == nil {
		metrics = metricnoop.NewMeterProvider()
	}
	t := &Telemetry{tracer: traces.Tracer(scope)}
	meter := metrics.Meter(scope)
	for _, counter := range []struct {
		to         *metric.Int64Counter
		name, unit string
		what       string
	}{
		{&t.conflicts, "eventcore.conflicts", "{conflict}", "Version conflicts that commands met."},
		{&t.retries, "eventcore.retries", "{retry}", "Further attempts of commands after conflicts."},
		{&t.projected, "eventcore.projection.applied", "{event}", "Events that projections applied."},
		{&t.skipped, "eventcore.projection.skipped", "{event}", "Events that projections left out."},
		{&t.projectionRetries, "eventcore.projection.retries", "{retry}", "Further attempts to apply an event."},
		{&t.projectionFailures, "eventcore.projection.failures", "{failure}", "Failed reads, checkpoints and calls for the leadership."},
	} {
		made, err := meter.Int64Counter(counter.name, metric.WithUnit(counter.unit), metric.WithDescription(counter.what))
		if err != nil {
			return nil, fmt.Errorf("eventcore: counter %s: %w", counter.name, err)
		}
		*counter.to = made
	}
	return t, nil
}

// WithTelemetry reports the execution.
func WithTelemetry(telemetry *Telemetry) Option {
	return func(s *settings) { s.telemetry = telemetry }
}

// WithProjectionTelemetry reports the steps of the projection.
func WithProjectionTelemetry(telemetry *Telemetry) ProjectionOption {
	return func(s *projectionSettings) { s.telemetry = telemetry }
}

package eventcore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// tape records spans and counters as lines.
type tape struct {
	tracenoop.TracerProvider
	lines  []string
	counts map[string]int64
}

func (r *tape) Tracer(string, ...trace.TracerOption) trace.Tracer { return &tapeTracer{tape: r} }

type tapeTracer struct {
	tracenoop.Tracer
	tape *tape
}

type depth struct{}

func (t *tapeTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	level, _ := ctx.Value(depth{}).(int)
	cfg := trace.NewSpanStartConfig(opts...)
	t.tape.lines = append(t.tape.lines, "") // filled at the end
	span := &tapeSpan{tape: t.tape, line: len(t.tape.lines) - 1, level: level, name: name, attrs: cfg.Attributes()}
	return context.WithValue(ctx, depth{}, level+1), span
}

type tapeSpan struct {
	tracenoop.Span
	tape        *tape
	line, level int
	name        string
	attrs       []attribute.KeyValue
	failed      bool
}

func (s *tapeSpan) SetAttributes(attrs ...attribute.KeyValue) { s.attrs = append(s.attrs, attrs...) }
func (s *tapeSpan) SetStatus(code codes.Code, _ string)       { s.failed = code == codes.Error }

func (s *tapeSpan) End(...trace.SpanEndOption) {
	text := strings.Repeat("  ", s.level) + s.name
	for _, a := range s.attrs {
		text += fmt.Sprintf(" %s=%v", strings.TrimPrefix(string(a.Key), "eventcore."), a.Value.AsInterface())
	}
	if s.failed {
		text += " FAILED"
	}
	s.tape.lines[s.line] = text
}

// meter counts into the tape.
type meter struct {
	metricnoop.MeterProvider
	tape *tape
}

func (m *meter) Meter(string, ...metric.MeterOption) metric.Meter { return &tapeMeter{tape: m.tape} }

type tapeMeter struct {
	metricnoop.Meter
	tape *tape
}

func (m *tapeMeter) Int64Counter(name string, _ ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return &tapeCounter{tape: m.tape, name: name}, nil
}

type tapeCounter struct {
	metricnoop.Int64Counter
	tape *tape
	name string
}

func (c *tapeCounter) Add(_ context.Context, n int64, _ ...metric.AddOption) {
	c.tape.counts[c.name] += n
}

func newTape(t *testing.T) (*tape, *eventcore.Telemetry) {
	t.Helper()
	r := &tape{counts: map[string]int64{}}
	telemetry, err := eventcore.NewTelemetry(r, &meter{tape: r})
	require.NoError(t, err)
	return r, telemetry
}

func TestAnExecutionIsASpanWithItsReadsAndAppends(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "b")
	r, telemetry := newTape(t)
	c := &trailing{streams: ids("a"), emits: []eventcore.Emit[scriptEvent]{eventcore.To[scriptEvent](ids("b")[0], added{N: 1})}}
	_, err := eventcore.Execute(t.Context(), &racing{store, t, "a", 1}, c, eventcore.WithCodec(trailCodec()),
		eventcore.WithTelemetry(telemetry), eventcore.WithClock(stoppedClock{}))
	require.NoError(t, err)
	require.Equal(t, []string{
		"eventcore.execute command=*eventcore_test.trailing attempts=2 outcome=applied snapshot=false",
		"  eventcore.read stream=a after=0 events=2",
		"  eventcore.read stream=b after=0 events=0",
		"  eventcore.append participants=2 events=1 outcome=not applied conflict=a FAILED",
		"  eventcore.read stream=a after=0 events=3",
		"  eventcore.read stream=b after=0 events=0",
		"  eventcore.append participants=2 events=1 outcome=applied",
	}, r.lines)
	require.Equal(t, map[string]int64{"eventcore.conflicts": 1, "eventcore.retries": 1}, r.counts)
}

func TestACommandThatGivesUpHasMetOneConflictMore(t *testing.T) {
	r, telemetry := newTape(t)
	_, err := eventcore.Execute(t.Context(), &racing{memory.New(memory.Config{}), t, "a", 9}, &trailing{streams: ids("a")}, eventcore.WithCodec(trailCodec()),
		eventcore.WithTelemetry(telemetry), eventcore.WithClock(stoppedClock{}), eventcore.WithRetry(eventcore.Fixed(1, 2)))
	require.ErrorIs(t, err, eventcore.ErrVersionConflict)
	require.Equal(t, map[string]int64{"eventcore.conflicts": 3, "eventcore.retries": 2}, r.counts)
	require.True(t, strings.HasSuffix(r.lines[0], "FAILED"), r.lines[0])
}

func TestTheStepsOfAProjectionAreSpans(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "")
	r, telemetry := newTape(t)
	fails := 1
	_, err := eventcore.RunProjection(t.Context(), store, eventcore.ProjectorFunc[scriptEvent](func(context.Context, eventcore.Event[scriptEvent]) error {
		if fails--; fails >= 0 {
			return errors.New("locked")
		}
		return nil
	}), eventcore.WithProjectionCodec(trailCodec()), eventcore.WithSubscription(eventcore.MustSubscriptionID("s")), eventcore.WithCheckpoints(store),
		eventcore.WithProjectionTelemetry(telemetry), eventcore.WithProjectionClock(stoppedClock{}),
		eventcore.WithProjectionLogger(slog.New(slog.DiscardHandler)),
		eventcore.WithEventStrategy(eventcore.RetryEvent(eventcore.Fixed(1, 1), eventcore.FatalEvent())))
	require.NoError(t, err)
	require.Equal(t, []string{
		"eventcore.projection.read subscription=s",
		"eventcore.projection.apply subscription=s stream=a type=added position=1 FAILED",
		"eventcore.projection.apply subscription=s stream=a type=added position=1",
		"eventcore.projection.save subscription=s",
		"eventcore.projection.apply subscription=s stream=a type=added position=2",
		"eventcore.projection.save subscription=s",
		"eventcore.projection.read subscription=s",
	}, r.lines)
	require.Equal(t, map[string]int64{"eventcore.projection.applied": 2, "eventcore.projection.retries": 1}, r.counts)
}

func TestASpanFailsWithItsOwnStepOnly(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	r, telemetry := newTape(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := eventcore.RunProjection(ctx, store, eventcore.ProjectorFunc[scriptEvent](func(_ context.Context, e eventcore.Event[scriptEvent]) error {
		switch e.Version {
		case 1:
			return errors.New("no such table")
		case 3:
			cancel()
		}
		return nil
	}), eventcore.WithProjectionCodec(trailCodec()), eventcore.WithSubscription(eventcore.MustSubscriptionID("s")), eventcore.WithCheckpoints(store),
		eventcore.WithProjectionTelemetry(telemetry), eventcore.WithProjectionClock(stoppedClock{}), eventcore.WithCheckpointEachPage(),
		eventcore.WithProjectionLogger(slog.New(slog.DiscardHandler)), eventcore.WithEventStrategy(eventcore.SkipEvent()))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{
		"eventcore.projection.read subscription=s",
		"eventcore.projection.apply subscription=s stream=a type=added position=1 FAILED",
		"eventcore.projection.apply subscription=s stream=a type=added position=2",
		"eventcore.projection.apply subscription=s stream=a type=added position=3",
		"eventcore.projection.save subscription=s",
	}, r.lines)
	require.Equal(t, map[string]int64{"eventcore.projection.applied": 2, "eventcore.projection.skipped": 1}, r.counts)
}

func TestAWrappedStoreTellsHowAReadEnded(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	r, telemetry := newTape(t)
	wrapped := telemetry.Wrap(store)
	_, ok := telemetry.Wrap(struct{ eventcore.Store }{store}).(eventcore.AllReader)
	require.False(t, ok)
	for range wrapped.ReadStream(t.Context(), ids("a")[0], 0) {
		break
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range wrapped.(eventcore.AllReader).ReadAll(cancelled, eventcore.Filter{}, eventcore.Position{}, 2) {
		require.ErrorIs(t, err, context.Canceled)
	}
	require.Panics(t, func() {
		for range wrapped.ReadStream(t.Context(), ids("a")[0], 1) {
			panic("in the loop")
		}
	})
	require.Equal(t, []string{
		"eventcore.read stream=a after=0 events=1",
		"eventcore.read_all after=0 limit=2 events=0 FAILED",
		"eventcore.read stream=a after=1 events=1",
	}, r.lines)
}

func TestProvidersMayBeMissing(t *testing.T) {
	telemetry, err := eventcore.NewTelemetry(nil, nil)
	require.NoError(t, err)
	_, err = eventcore.Execute(t.Context(), memory.New(memory.Config{}), &trailing{streams: ids("a")},
		eventcore.WithCodec(trailCodec()), eventcore.WithTelemetry(telemetry))
	require.NoError(t, err)
}

// unsure loses the answers of all appends.
type unsure struct{ eventcore.Store }

func (unsure) Append(context.Context, eventcore.Writes) (eventcore.Appended, error) {
	return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Err: errors.New("connection reset")}
}

func TestAnOperatorSeesWhatACallerMayNot(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	var out bytes.Buffer
	logger := eventcore.WithLogger(slog.New(slog.NewTextHandler(&out, nil)))
	lines := func() []string {
		defer out.Reset()
		return slices.Collect(strings.Lines(out.String()))
	}
	options := []eventcore.Option{eventcore.WithCodec(trailCodec()), eventcore.WithClock(stoppedClock{}), logger}

	_, err := eventcore.Execute(t.Context(), unsure{store}, &trailing{streams: ids("a")}, options...)
	require.Error(t, err)
	require.Equal(t, []string{`time=2023-11-14T22:13:20.000Z level=WARN msg="execute: outcome unknown" command=*eventcore_test.trailing ` +
		`error="append (unknown outcome): connection reset"` + "\n"}, lines())

	snapshots := &moody{Store: store, load: errors.New("no snapshots today")}
	_, err = eventcore.Execute(t.Context(), store, &trailing{streams: ids("a")}, append(options, eventcore.WithSnapshots(snapshots, 10))...)
	require.NoError(t, err)
	require.Equal(t, []string{`time=2023-11-14T22:13:20.000Z level=WARN msg="execute: snapshot not used or not saved" command=*eventcore_test.trailing ` +
		`error="no snapshots today"` + "\n"}, lines())

	_, err = eventcore.Execute(t.Context(), store, &trailing{streams: ids("a"), refuses: errors.New("forbidden")}, options...)
	require.Error(t, err)
	require.Empty(t, lines(), "the caller knows")
}

// execute is Execute without any telemetry, for comparison.
func execute(ctx context.Context, store eventcore.Store, command eventcore.Command[trail, scriptEvent], opts ...eventcore.Option) error {
	m, err := eventcore.NewMachine(command, opts...)
	if err != nil {
		return err
	}
	// One function for all reads, as Execute has.
	fold := func(recorded eventcore.Recorded, err error) bool {
		if err != nil {
			panic(err)
		}
		return m.Fold(&recorded)
	}
	for {
		switch effect := m.Next(); effect.Kind {
		case eventcore.EffectRead:
			store.ReadStream(ctx, effect.Stream, effect.After)(fold)
			m.ReadEnded(nil)
		case eventcore.EffectAppend:
			m.AppendEnded(store.Append(ctx, effect.Writes))
		default:
			return effect.Err
		}
	}
}

func TestTelemetryThatIsOffAllocatesNothing(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "")
	codec := eventcore.WithCodec(trailCodec())
	without := testing.AllocsPerRun(100, func() {
		require.NoError(t, execute(t.Context(), store, &trailing{streams: ids("a")}, codec))
	})
	run := func(opts ...eventcore.Option) float64 {
		opts = append(opts, codec)
		return testing.AllocsPerRun(100, func() {
			_, err := eventcore.Execute(t.Context(), store, &trailing{streams: ids("a")}, opts...)
			require.NoError(t, err)
		})
	}
	require.InDelta(t, without, run(), 0.1)
	_, telemetry := newTape(t)
	require.Greater(t, run(eventcore.WithTelemetry(telemetry)), without+1, "the test would see an allocation")
}

// TestTelemetryThatIsOffAllocatesNothingForAnEvent looks at the events that one projection
// has more than another, each with its page, its apply and its save.
func TestTelemetryThatIsOffAllocatesNothingForAnEvent(t *testing.T) {
	_, telemetry := newTape(t)
	silent, err := eventcore.NewTelemetry(nil, nil)
	require.NoError(t, err)
	run := func(events int, opts ...eventcore.ProjectionOption) float64 {
		log := newFrozenLog(events)
		nothing := eventcore.ProjectorFunc[bankEvent](func(context.Context, eventcore.Event[bankEvent]) error { return nil })
		opts = append([]eventcore.ProjectionOption{
			eventcore.WithProjectionCodec(constCodec{bankEvent(deposited{5})}), eventcore.WithCheckpoints(frozenCheckpoints{}),
			eventcore.WithSubscription(sums), eventcore.WithPageSize(50),
		}, opts...)
		return testing.AllocsPerRun(20, func() {
			_, err := eventcore.RunProjection(t.Context(), log, nothing, opts...)
			require.NoError(t, err)
		})
	}
	growth := func(opts ...eventcore.ProjectionOption) float64 { return (run(300, opts...) - run(100, opts...)) / 200 }
	// A page costs the closures of its sequence.
	require.Less(t, growth(), 0.2)
	require.Greater(t, growth(eventcore.WithProjectionTelemetry(silent)), 1.0, "the test would see an allocation")
	require.Greater(t, growth(eventcore.WithProjectionTelemetry(telemetry)), 1.0)
}

package eventcore

import (
	"log/slog"
	"math/rand/v2"
	"time"
)

// ProjectionOption changes how a projection runs.
type ProjectionOption func(*projectionSettings)

// WithProjectionCodec sets how events are decoded. It is required.
func WithProjectionCodec(codec Codec) ProjectionOption {
	return func(s *projectionSettings) { s.codec = codec }
}

// WithSubscription names the projection. It is required by [WithCheckpoints] and
// [WithCoordinator], which know it by that name.
func WithSubscription(id SubscriptionID) ProjectionOption {
	return func(s *projectionSettings) { s.subscription = id }
}

// WithCheckpoints sets where the checkpoint is loaded and saved. It, [WithStart] or a
// [CheckpointingProjector] is required: a projection that forgot its place would begin
// anew each time.
func WithCheckpoints(store CheckpointStore) ProjectionOption {
	return func(s *projectionSettings) { s.checkpoints = store }
}

// WithCheckpointEachPage saves the checkpoint after each page, also after one that is cut
// short, and not after each event. An event then costs the projection no write of its own,
// and a crash makes up to a page of events come again. A projection whose lease is lost
// saves nothing, so that its successor applies them again too.
func WithCheckpointEachPage() ProjectionOption {
	return func(s *projectionSettings) { s.eachPage = true }
}

// WithStart sets the position behind which the projection begins where no checkpoint is
// saved; the zero Position is the beginning. Without [WithCheckpoints] it begins there
// each time.
func WithStart(after Position) ProjectionOption {
	return func(s *projectionSettings) { s.start, s.started = after, true }
}

// WithFilter selects the events; without it the projector gets all. A checkpoint holds for
// any filter: events that a later filter adds before it are not read any more.
func WithFilter(filter Filter) ProjectionOption {
	return func(s *projectionSettings) { s.filter = filter }
}

// WithPageSize sets how many events are read at once and held in memory; 0 is 100. The
// read is closed before the first of them is applied.
func WithPageSize(events int) ProjectionOption {
	return func(s *projectionSettings) { s.pageSize = events }
}

// WithPolling makes the projection continuous: where there is nothing to read it waits and
// reads again, until its context is cancelled. It waits interval at first, twice as long
// each further time that nothing came, but no longer than limit, each time changed by up
// to 20 % at random. 0 stands for 100 ms and 5 s. Without WithPolling a projection ends
// when there is nothing to read.
func WithPolling(interval, limit time.Duration) ProjectionOption {
	return func(s *projectionSettings) { s.continuous, s.interval, s.limit = true, interval, limit }
}

// WithFailureRetry sets how often and after what delay a failed read, a failed load or
// save of the checkpoint or a failed call for the leadership is tried again. The limit is
// one of failures in a row: an event that was passed, a page that was read and a
// checkpoint that was saved begin the count anew. The zero [RetryPolicy] is here
// Exponential(100 ms, 30 s, 10).
func WithFailureRetry(policy RetryPolicy) ProjectionOption {
	return func(s *projectionSettings) { s.failures = policy }
}

// WithEventStrategy sets what becomes of events that cannot be applied or decoded; without
// it the zero [EventStrategy] holds.
func WithEventStrategy(strategy EventStrategy) ProjectionOption {
	return WithEventStrategies(func(EventFailure) EventStrategy { return strategy })
}

// WithEventStrategies sets a function that says what becomes of an event that cannot be
// applied or decoded. It is asked after each attempt. A context that ends is no such
// failure.
func WithEventStrategies(choose func(EventFailure) EventStrategy) ProjectionOption {
	return func(s *projectionSettings) { s.choose = choose }
}

// WithCoordinator makes the projection lead its subscription as long as it runs. It checks
// its lease before each page, before each save and after each wait, and ends with an error
// in which errors.Is finds [ErrLeaseHeld] or [ErrLeaseLost] where it does not lead.
// The lease is released at the end, also when the projector panics. Between the checks
// another one may lead: what the projector writes is safe from that by [FencingToken] alone.
func WithCoordinator(coordinator Coordinator) ProjectionOption {
	return func(s *projectionSettings) { s.coordinator = coordinator }
}

// WithStandby makes a projection that does not lead, or not any more, wait by the policy
// and try again, then begin at the checkpoint of that time. The zero [RetryPolicy] is here
// Exponential(1 s, 30 s, Unlimited).
func WithStandby(policy RetryPolicy) ProjectionOption {
	return func(s *projectionSettings) { s.standby, s.standbys = true, policy }
}

// WithStopTimeout bounds the time for what is still done when a projection has to stop:
// the last save, with the check of the lease, and the release. 0 is 5 s. Time is measured
// by a clock that is a [TimeoutClock], else by the system's.
func WithStopTimeout(timeout time.Duration) ProjectionOption {
	return func(s *projectionSettings) { s.stopTimeout = timeout }
}

// WithProjectionClock sets the clock on which the projection waits; without it the
// system's.
func WithProjectionClock(clock Clock) ProjectionOption {
	return func(s *projectionSettings) { s.clock = clock }
}

// WithProjectionRandom sets the source of jitter; without it the runtime's. It is used by
// the goroutine of the projection only.
func WithProjectionRandom(random *rand.Rand) ProjectionOption {
	return func(s *projectionSettings) { s.random = random }
}

// WithProjectionLogger sets where the projection writes each [ProjectionNotice]; without
// it [slog.Default], because a skipped event must not go unseen. Times are those of the
// projection's clock. To be silent on purpose pass slog.New(slog.DiscardHandler).
func WithProjectionLogger(logger *slog.Logger) ProjectionOption {
	return func(s *projectionSettings) { s.logger = logger }
}

// OnNotice sets a function that is told each [ProjectionNotice], on the goroutine of the
// projection and before it goes on: before the checkpoint moves past a skipped event.
func OnNotice(hook func(ProjectionNotice)) ProjectionOption {
	return func(s *projectionSettings) { s.onNotice = hook }
}

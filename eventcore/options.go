package eventcore

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
)

// Option changes how a command is executed.
type Option func(*settings)

type settings struct {
	codec    Codec
	retry    RetryPolicy
	onRetry  func(Retry)
	clock    Clock
	random   *rand.Rand
	ids      IDGenerator
	metadata json.RawMessage

	correlation, causation string

	snapshots     SnapshotStore
	snapshotEvery int

	telemetry *Telemetry
	logger    *slog.Logger
}

// WithCodec sets how events are encoded and decoded. It is required.
func WithCodec(codec Codec) Option { return func(s *settings) { s.codec = codec } }

// WithRetry sets the retry policy; without it the zero [RetryPolicy] holds.
func WithRetry(policy RetryPolicy) Option { return func(s *settings) { s.retry = policy } }

// OnRetry sets a function that is called before each retry's delay, on the
// goroutine that executes.
func OnRetry(hook func(Retry)) Option { return func(s *settings) { s.onRetry = hook } }

// WithClock sets the clock on which retries wait; without it the system's.
func WithClock(clock Clock) Option { return func(s *settings) { s.clock = clock } }

// WithRandom sets the source of jitter; without it the runtime's. It is used by the
// executing goroutine only.
func WithRandom(random *rand.Rand) Option { return func(s *settings) { s.random = random } }

// WithIDs sets the generator of event IDs; without it they are random version 7
// UUIDs. It is used by the executing goroutine only.
func WithIDs(ids IDGenerator) Option { return func(s *settings) { s.ids = ids } }

// WithMetadata sets the metadata of every event of the command, one JSON value.
func WithMetadata(metadata json.RawMessage) Option {
	return func(s *settings) { s.metadata = metadata }
}

// WithSnapshots sets where the states of commands are kept that are a [Snapshotter], and
// after how many events: a state is saved when at least so many were folded since the
// snapshot that the execution began with; 0 is 100. The save comes after the append, or
// after the business rule that forbids the command, and its caller waits for it. Neither
// loading nor saving fails the command; see [SnapshotUse].
//
// A snapshot is used only where that makes no difference: if a stream other than the last
// one of its streams has moved, or has not got the events that were folded, all streams are
// folded from their beginning.
func WithSnapshots(store SnapshotStore, every int) Option {
	return func(s *settings) { s.snapshots, s.snapshotEvery = store, every }
}

// set applies the options and puts the defaults where there are none.
func (s *settings) set(opts []Option) error {
	for _, opt := range opts {
		opt(s)
	}
	if s.codec == nil {
		return errors.New("eventcore: execute: there is no codec; pass WithCodec")
	}
	if len(s.metadata) > 0 && !json.Valid(s.metadata) {
		return fmt.Errorf("eventcore: execute: the metadata is not JSON: %.40q; pass one JSON value to WithMetadata", s.metadata)
	}
	if s.snapshotEvery < 0 {
		return fmt.Errorf("eventcore: execute: snapshots every %d events; pass 0 or more to WithSnapshots", s.snapshotEvery)
	}
	if s.snapshotEvery == 0 {
		s.snapshotEvery = defaultSnapshotEvery
	}
	var err error
	if s.metadata, err = s.causality(); err != nil {
		return err
	}
	if s.retry, err = s.retry.filled(); err != nil {
		return err
	}
	if s.clock == nil {
		s.clock = SystemClock{}
	}
	if s.ids == nil {
		s.ids = randomIDs{}
	}
	if s.random == nil {
		s.random = rand.New(runtimeSource{})
	}
	return nil
}

// defaultSnapshotEvery is the number of events after which a state is kept.
const defaultSnapshotEvery = 100

// runtimeSource draws from the runtime's generator.
type runtimeSource struct{}

func (runtimeSource) Uint64() uint64 {
	return rand.Uint64() //nolint:forbidigo // used only where no random source is given
}

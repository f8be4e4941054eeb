package eventcore

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

type projectionSettings struct {
	codec        Codec
	subscription SubscriptionID
	checkpoints  CheckpointStore
	own          bool // the projector is a CheckpointingProjector
	eachPage     bool
	start        Position
	started      bool
	filter       Filter
	pageSize     int
	continuous   bool
	interval     time.Duration
	limit        time.Duration
	polls        RetryPolicy
	failures     RetryPolicy
	choose       func(EventFailure) EventStrategy
	coordinator  Coordinator
	standby      bool
	standbys     RetryPolicy
	stopTimeout  time.Duration
	clock        Clock
	random       *rand.Rand
	logger       *slog.Logger
	onNotice     func(ProjectionNotice)
	telemetry    *Telemetry
}

// The defaults of a projection.
const (
	defaultPageSize     = 100
	defaultPollInterval = 100 * time.Millisecond
	defaultPollLimit    = 5 * time.Second
	defaultStopTimeout  = 5 * time.Second
)

// projectionRetry returns the policy that the zero value stands for in a projection,
// whose failures last longer than a version conflict.
func projectionRetry(p RetryPolicy) (RetryPolicy, error) {
	if p.kind == retryDefault {
		p = Exponential(100*time.Millisecond, 30*time.Second, 10)
	}
	return p.filled()
}

// set applies the options and puts the defaults where there are none.
func (s *projectionSettings) set(opts []ProjectionOption) error {
	for _, opt := range opts {
		opt(s)
	}
	if err := s.check(); err != nil {
		return err
	}
	if err := s.fillWaits(); err != nil {
		return err
	}
	if s.pageSize == 0 {
		s.pageSize = defaultPageSize
	}
	if s.stopTimeout == 0 {
		s.stopTimeout = defaultStopTimeout
	}
	if s.choose == nil {
		s.choose = func(EventFailure) EventStrategy { return FatalEvent() }
	}
	if s.clock == nil {
		s.clock = SystemClock{}
	}
	if s.random == nil {
		s.random = rand.New(runtimeSource{})
	}
	return nil
}

// check names what is missing or contradicts itself.
func (s *projectionSettings) check() error {
	switch {
	case s.codec == nil:
		return errors.New("eventcore: project: there is no codec; pass WithProjectionCodec")
	case s.checkpoints != nil && s.own:
		return errors.New("eventcore: project: the projector saves its checkpoint itself; leave WithCheckpoints out")
	case s.checkpoints == nil && !s.own && !s.started:
		return errors.New("eventcore: project: there is no checkpoint; pass WithCheckpoints, or WithStart to begin anew each time")
	case s.eachPage && s.checkpoints == nil:
		return errors.New("eventcore: project: there is no checkpoint to save each page; pass WithCheckpoints or leave WithCheckpointEachPage out")
	case s.subscription.IsZero() && s.checkpoints != nil:
		return errors.New("eventcore: project: the checkpoint has no name; pass WithSubscription")
	case s.subscription.IsZero() && s.coordinator != nil:
		return errors.New("eventcore: project: there is no name to lead; pass WithSubscription")
	case s.standby && s.coordinator == nil:
		return errors.New("eventcore: project: nobody says who leads; pass WithCoordinator or leave WithStandby out")
	case s.pageSize < 0:
		return fmt.Errorf("eventcore: project: the page size is %d; set it to 1 or more, or to 0 for %d", s.pageSize, defaultPageSize)
	case s.stopTimeout < 0:
		return fmt.Errorf("eventcore: project: the stop timeout is %v; set it above 0, or to 0 for %v", s.stopTimeout, defaultStopTimeout)
	}
	return nil
}

// fillWaits fills the policies of all waits.
func (s *projectionSettings) fillWaits() error {
	if s.interval == 0 {
		s.interval = defaultPollInterval
	}
	if s.limit == 0 {
		s.limit = max(defaultPollLimit, s.interval)
	}
	if s.interval < 0 || s.limit < s.interval {
		return fmt.Errorf("eventcore: project: polling from %v to %v; set 0 ≤ interval ≤ limit", s.interval, s.limit)
	}
	s.polls = Exponential(s.interval, s.limit, Unlimited)
	if s.standbys.kind == retryDefault {
		s.standbys = Exponential(time.Second, 30*time.Second, Unlimited)
	}
	var err error
	if s.standbys, err = s.standbys.filled(); err != nil {
		return fmt.Errorf("%w (WithStandby)", err)
	}
	if s.failures, err = projectionRetry(s.failures); err != nil {
		return fmt.Errorf("%w (WithFailureRetry)", err)
	}
	return nil
}

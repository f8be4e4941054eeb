package scenarios

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// died is what a projection panics with whose program lets it end there.
type died struct{ act int }

// errFlaky is why an attempt to apply an event fails.
var errFlaky = errors.New("the read model is locked")

// Delays of a projection in virtual time; see the retry delays of commands.
const (
	projectionDelay   = 50 * time.Microsecond
	projectionMaximum = 2 * time.Millisecond
	projectionTries   = 6
	// leaseDelay is the longest time until a lease ends whose holder has died.
	leaseDelay = time.Millisecond
)

// projection runs a projection of a client and keeps its log.
type projection struct {
	client *Client
	how    *Projecting
	limit  int
	log    *ProjectionLog
	// cancel cancels the context of the run.
	cancel context.CancelFunc
	acts   int
	dead   bool
	tries  int
	leases []*spyLease
	apply  func(ctx context.Context, event eventcore.Recorded) error
}

// runProject runs a projection until there is nothing more to read, or until the program
// ends it.
func runProject(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	p := &projection{client: c, how: op.Projection, limit: op.Limit, log: &ProjectionLog{Subscription: op.Projection.Subscription}}
	c.projected = p.log
	all, ok := c.Store.(eventcore.AllReader)
	if !ok || c.State.Checkpoints == nil || p.how.Lead && c.State.Coordinator == nil {
		return eventcore.Executed{}, errors.New("scenarios: the store lacks something that projections need; see Scenario.Lacks")
	}
	err := p.run(ctx, all)
	p.endLeases(ctx)
	return eventcore.Executed{}, err
}

func (p *projection) run(ctx context.Context, all eventcore.AllReader) (err error) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	p.cancel = cancel
	defer func() {
		if value := recover(); value != nil {
			end, is := value.(died)
			if !is {
				panic(value)
			}
			p.log.Died = true
			err = fmt.Errorf("scenarios: the program ended the projection at its act %d", end.act)
		}
	}()
	subscription, err := eventcore.ParseSubscriptionID(p.how.Subscription)
	if err != nil {
		return err
	}
	checkpoints := &spyCheckpoints{p, p.client.State.Checkpoints}
	p.apply = p.applyEvent
	bug := p.client.Bug
	if bug.Apply != nil {
		p.apply = bug.Apply(p.apply, func(ctx context.Context, at eventcore.Position) error {
			_, err := checkpoints.SaveCheckpoint(ctx, subscription, at)
			return err
		})
	}
	notice := p.notice
	if bug.Notice != nil {
		notice = bug.Notice(notice, p.applyEvent)
	}
	options := append(p.options(subscription), eventcore.WithCheckpoints(checkpoints), eventcore.OnNotice(notice))
	_, err = eventcore.RunProjection(running, &spyAll{p, all}, eventcore.ProjectorFunc[fact](p.project), options...)
	return err
}

// options are those that the program and the phase choose.
func (p *projection) options(subscription eventcore.SubscriptionID) []eventcore.ProjectionOption {
	c := p.client
	tries := projectionTries
	if c.Patient {
		tries = eventcore.Unlimited
	}
	if c.projecting == nil {
		c.projecting = &factCodec{types: []string{typeMade}}
	}
	retry := eventcore.Exponential(projectionDelay, projectionMaximum, tries)
	options := []eventcore.ProjectionOption{
		eventcore.WithProjectionCodec(c.projecting),
		eventcore.WithSubscription(subscription),
		eventcore.WithFilter(filterOf(p.how.Subscription)),
		eventcore.WithPageSize(p.limit),
		eventcore.WithFailureRetry(retry),
		eventcore.WithEventStrategies(func(f eventcore.EventFailure) eventcore.EventStrategy {
			if _, unreadable := errors.AsType[*eventcore.DeserializationFailed](f.Err); unreadable {
				return eventcore.SkipEvent()
			}
			return eventcore.RetryEvent(retry, eventcore.FatalEvent())
		}),
		eventcore.WithProjectionClock(c.Clock),
		eventcore.WithProjectionRandom(c.Random),
		eventcore.WithProjectionLogger(c.silent),
	}
	if p.how.EachPage {
		options = append(options, eventcore.WithCheckpointEachPage())
	}
	if p.how.Lead {
		options = append(options, eventcore.WithCoordinator(&spyCoordinator{p, c.State.Coordinator}))
		if c.Patient {
			options = append(options, eventcore.WithStandby(retry))
		}
	}
	return options
}

// act counts an act and does what the program has for it.
func (p *projection) act(ctx context.Context) {
	if p.dead {
		return
	}
	p.acts++
	switch p.acts {
	case p.how.Die:
		p.dead = true
		panic(died{p.acts})
	case p.how.Panic:
		panic(died{p.acts})
	case p.how.Cancel:
		p.cancel()
	case p.how.Lose:
		p.lose(ctx)
	}
}

// did adds an act to the log that takes no time.
func (p *projection) did(act ProjectionAct) {
	act.Return = p.client.tick()
	act.Call = act.Return
	p.add(act)
}

// add adds an act to the log.
func (p *projection) add(act ProjectionAct) {
	if p.log.Acts == nil {
		p.log.Acts = make([]ProjectionAct, 0, 16) // most have no more
	}
	p.log.Acts = append(p.log.Acts, act)
}

// calls adds an act to the log that a call is about to do: who is taken down in its middle does
// not come back to add it. What it returns is to be filled in before the next act.
func (p *projection) calls(act ProjectionAct) *ProjectionAct {
	act.Call, act.Return, act.Err = p.client.tick(), never, errCut
	p.add(act)
	return &p.log.Acts[len(p.log.Acts)-1]
}

// returned notes that the call of an act has come back.
func (p *projection) returned(act *ProjectionAct, err error) {
	act.Return, act.Err = p.client.tick(), err
}

// project takes an event from the runner.
func (p *projection) project(ctx context.Context, event eventcore.Event[fact]) error {
	p.act(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	p.tries++
	if p.how.Flaky > 0 && p.tries%p.how.Flaky == 0 {
		return errFlaky
	}
	err := p.apply(ctx, event.Recorded)
	p.act(ctx)
	return err
}

func (p *projection) applyEvent(_ context.Context, event eventcore.Recorded) error {
	p.did(ProjectionAct{Kind: ActApplied, Event: event.ID})
	return nil
}

func (p *projection) notice(n eventcore.ProjectionNotice) {
	if n.Kind == eventcore.NoticeSkipped {
		p.did(ProjectionAct{Kind: ActSkipped, Event: n.Event.ID, Err: n.Err})
	}
}

// spyAll is the global order as a projection reads it.
type spyAll struct {
	*projection
	inner eventcore.AllReader
}

// ReadAll implements [eventcore.AllReader].
func (s *spyAll) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	s.act(ctx)
	return s.inner.ReadAll(ctx, filter, after, limit)
}

// spyCheckpoints notes what is loaded and saved.
type spyCheckpoints struct {
	*projection
	inner eventcore.CheckpointStore
}

// LoadCheckpoint implements [eventcore.CheckpointStore].
func (s *spyCheckpoints) LoadCheckpoint(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Position, error) {
	s.act(ctx)
	act := s.calls(ProjectionAct{Kind: ActLoaded})
	at, err := s.inner.LoadCheckpoint(ctx, id)
	act.At = at
	s.returned(act, err)
	s.act(ctx)
	return at, err
}

// SaveCheckpoint implements [eventcore.CheckpointStore].
func (s *spyCheckpoints) SaveCheckpoint(ctx context.Context, id eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	s.act(ctx)
	act := s.calls(ProjectionAct{Kind: ActSaved, At: at})
	now, err := s.inner.SaveCheckpoint(ctx, id, at)
	act.Now = now
	s.returned(act, err)
	s.act(ctx)
	return now, err
}

package scenarios

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Client is what operations run with. Everything that could make two runs differ
// comes from its fields. It serves one goroutine; it must not be copied once used.
type Client struct {
	ID     int
	Store  eventcore.Store
	Clock  eventcore.Clock
	Random *rand.Rand
	IDs    eventcore.IDGenerator
	// State is what the store keeps besides events, as far as the scenario needs it.
	State State
	// Retry says how often, and with which delays, a command is run again after a
	// version conflict.
	Retry eventcore.RetryPolicy
	// Patient says that no fault is active: what waits for others waits as long as it
	// takes.
	Patient bool
	// Tick returns the logical time, later each time it is called; nil: each client has
	// its own.
	Tick func() int64
	// Injected says of an error that it was made on purpose, as the store's callers may give up
	// on purpose. nil: nobody knows, so that nothing is made of who gave up.
	Injected func(err error) bool
	// Bug is planted into the projections of the client.
	Bug Bug

	spy spy
	// op is the operation under way.
	op Op
	// first is the number of attempts before the operation under way.
	first int
	// options serve all commands of the scenario with that name.
	options   []eventcore.Option
	optionsOf string
	// silent says nothing, projecting decodes the events of projections.
	silent     *slog.Logger
	projecting eventcore.Codec

	// known are the versions at which this client last saw streams, in answers to
	// its own calls.
	known map[eventcore.StreamID]eventcore.Version
	// cursor is where the client's last read of the global order ended.
	cursor  eventcore.Position
	filters map[filterKey]eventcore.Filter
	serial  int64
	ticks   int64
	// projected is the log of the projection under way.
	projected *ProjectionLog
	// kept are the snapshots of the operation under way.
	kept []SnapshotAct
	// peers are the streams that the facts name which it has read without a codec.
	peers peers
	// ref names the operation under way in its events.
	ref uint64
}

// begin prepares the client for an operation of s.
func (c *Client) begin(s *spec) {
	if c.silent == nil {
		c.silent = slog.New(slog.DiscardHandler)
	}
	if c.optionsOf != s.name {
		c.options = []eventcore.Option{
			eventcore.WithCodec(s.codec()),
			eventcore.WithRetry(c.Retry),
			eventcore.WithClock(c.Clock),
			eventcore.WithRandom(c.Random),
			eventcore.WithIDs(c.IDs),
			eventcore.WithLogger(c.silent),
		}
		c.optionsOf = s.name
		c.known = make(map[eventcore.StreamID]eventcore.Version)
	}
	c.ref, c.projected, c.kept = 0, nil, nil
	c.first = c.spy.begin(c.Store)
}

// result returns what the operation under way has done so far.
func (c *Client) result() Result {
	n := len(c.spy.attempts)
	attempts := c.spy.attempts[c.first:n:n]
	return Result{Outcome: outcome(attempts), Attempts: attempts, Ref: c.ref, Projection: c.projected, Snapshots: c.kept}
}

// errCut is what an operation has ended with that was given up in its middle.
var errCut = errors.New("it was given up before it came back")

// Cut returns what came of an operation that [Scenario.Run] was called for with c and from which
// it did not return, since who called it was taken down in its middle: all that the operation
// had sent, and of its last call that nobody knows what became of it. The caller fills in the
// result as it does Run's, and Op besides. c must not be used any more.
func (c *Client) Cut() Result {
	r := c.result()
	r.Err, r.Cut = errCut, true
	return r
}

// tick returns the logical time.
func (c *Client) tick() int64 {
	if c.Tick != nil {
		return c.Tick()
	}
	c.ticks++
	return c.ticks
}

// name draws the number by which the events of the operation under way name it. It
// has 53 bits, which every reader of JSON holds exactly.
func (c *Client) name() uint64 {
	c.ref = c.Random.Uint64()>>11 | 1
	return c.ref
}

// append appends a batch without a command, and keeps what the answer tells of versions.
func (c *Client) append(ctx context.Context, writes eventcore.Writes) error {
	appended, err := c.spy.Append(ctx, writes)
	if conflict, ok := errors.AsType[*eventcore.VersionConflict](err); ok && !conflict.ActualUnknown {
		c.known[conflict.Stream] = conflict.Actual
	}
	if err == nil {
		c.learn(appended.Streams)
	}
	return err
}

// learn keeps the versions that an append returned.
func (c *Client) learn(appended []eventcore.StreamVersion) {
	for _, s := range appended {
		c.known[s.Stream] = s.Version
	}
}

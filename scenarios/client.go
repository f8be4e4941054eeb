package scenarios

import (
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
	// Bug is planted into the projections of the client.
	Bug Bug

	spy spy
	// options serve all commands of the scenario with that name.
	options   []eventcore.Option
	optionsOf string

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
	// ref names the operation under way in its events.
	ref uint64
}

// begin prepares the client for an operation of s and returns where its attempts will
// begin.
func (c *Client) begin(s *spec) int {
	if c.optionsOf != s.name {
		c.options = []eventcore.Option{
			eventcore.WithCodec(s.codec()),
			eventcore.WithRetry(c.Retry),
			eventcore.WithClock(c.Clock),
			eventcore.WithRandom(c.Random),
			eventcore.WithIDs(c.IDs),
			eventcore.WithLogger(slog.New(slog.DiscardHandler)),
		}
		c.optionsOf = s.name
		c.known = make(map[eventcore.StreamID]eventcore.Version)
	}
	c.spy.inner = c.Store
	c.ref, c.projected, c.kept = 0, nil, nil
	return c.spy.begin()
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

// learn keeps the versions that an append returned.
func (c *Client) learn(appended []eventcore.StreamVersion) {
	for _, s := range appended {
		c.known[s.Stream] = s.Version
	}
}

package sim_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// reading is a scenario of one client that does read, once a stream has five events.
func reading(t *testing.T, read func(ctx context.Context, c *scenarios.Client, stream eventcore.StreamID)) (scenarios.Scenario, *sim.Replay) {
	t.Helper()
	stream := eventcore.MustStreamID("item/1")
	s := scenario(t, "mixed")
	s.Run = func(ctx context.Context, c *scenarios.Client, op scenarios.Op) scenarios.Result {
		if op.Count > 0 {
			var w eventcore.Writes
			require.NoError(t, w.Expect(stream, 0))
			for range op.Count {
				require.NoError(t, w.Append(stream, eventcore.Proposed{ID: c.IDs.NewEventID(), Type: "t", Data: []byte("{}")}))
			}
			_, err := c.Store.Append(ctx, w)
			return scenarios.Result{Err: err}
		}
		read(ctx, c, stream)
		return scenarios.Result{}
	}
	s.Invariants = nil
	one := []eventcore.StreamID{stream}
	return s, &sim.Replay{Program: scenarios.Program{
		Setup:   []scenarios.Op{{Do: "append", Streams: one, Count: 5}},
		Clients: [][]scenarios.Op{{{Do: "read", Streams: one}}},
	}}
}

// TestReadsMayBeMadeInTheLoopsOfOthers and again: what passes a read on through the layers is used
// again for others, but not as long as it lasts.
func TestReadsMayBeMadeInTheLoopsOfOthers(t *testing.T) {
	got := map[eventcore.Version]int{}
	s, replay := reading(t, func(ctx context.Context, c *scenarios.Client, stream eventcore.StreamID) {
		outer, inner := c.Store.ReadStream(ctx, stream, 0), c.Store.ReadStream(ctx, stream, 2)
		all := c.Store.(eventcore.AllReader).ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, 3)
		for a, err := range outer {
			require.NoError(t, err)
			got[a.Version]++
			at := eventcore.Version(0)
			for b, err := range outer { // within its own loop
				require.NoError(t, err)
				at++
				require.Equal(t, at, b.Version)
				if b.Version == a.Version {
					break
				}
			}
			require.Equal(t, a.Version, at)
			for b, err := range inner {
				require.NoError(t, err)
				got[b.Version]++
				for range all {
					break
				}
			}
		}
	})
	for _, plan := range []string{"none", "delay=0.001%~1ms, cancel=0.001%, fail-read=0.001%"} {
		clear(got)
		r := run(t, sim.Config{Backend: memoryBackend(), Scenario: s, Replay: replay, Faults: requestFaults(t, plan)})
		require.Equal(t, sim.Pass, r.Verdict, "%s %v", r.Reason, r.Findings)
		require.Equal(t, map[eventcore.Version]int{1: 1, 2: 1, 3: 6, 4: 6, 5: 6}, got)
	}
}

// rude is a store whose reads do what none should.
type rude struct {
	*memory.Store
	read func(events iter.Seq2[eventcore.Recorded, error]) iter.Seq2[eventcore.Recorded, error]
}

func (r rude) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return r.read(r.Store.ReadStream(ctx, id, after))
}

// TestReadsThatDoWhatNoneShouldAreFound and end the run, whatever lies between store and client.
func TestReadsThatDoWhatNoneShouldAreFound(t *testing.T) {
	type events = iter.Seq2[eventcore.Recorded, error]
	for name, c := range map[string]struct {
		read func(events) events
		want string
	}{
		"goes on": {func(all events) events {
			return func(yield func(eventcore.Recorded, error) bool) {
				for e, err := range all {
					yield(e, err)
				}
			}
		}, "the store goes on with a read that its reader has ended"},
		"panics": {func(all events) events {
			return func(yield func(eventcore.Recorded, error) bool) {
				for e, err := range all {
					if !yield(e, err) {
						return
					}
					panic("planted")
				}
			}
		}, "planted"},
	} {
		for _, plan := range []string{"none", "delay=0.001%~1ms", "fail-read@c0.0+1", "cancel@c0.0+4", "decode-error@c0.0+1", "delay-after@c0.0~1ms", "delay@c0.0~1ms"} {
			t.Run(name+" with "+plan, func(t *testing.T) {
				b := sim.Backend{Name: "rude", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
					return rude{memory.New(memory.Config{Clock: env.Clock}), c.read}, nil
				}}
				s, replay := reading(t, func(ctx context.Context, c *scenarios.Client, stream eventcore.StreamID) {
					n := 0
					for range c.Store.ReadStream(ctx, stream, 0) {
						if n++; n == 2 {
							break
						}
					}
				})
				cfg := sim.Config{Backend: b, Scenario: s, Replay: replay, Faults: requestFaults(t, plan)}
				r := run(t, cfg)
				require.Equal(t, sim.Violation, r.Verdict, "%s %v", r.Reason, r.Findings)
				require.Equal(t, "panic", r.Findings[0].Name)
				require.Contains(t, r.Findings[0].Message, c.want)
				if plan == "none" {
					return
				}
				// In real time there are only the faults between the two.
				r, err := sim.Parallel(t.Context(), cfg)
				require.NoError(t, err)
				require.Equal(t, sim.Violation, r.Verdict, "%s %v", r.Reason, r.Findings)
				require.Equal(t, "panic", r.Findings[0].Name)
				require.Contains(t, r.Findings[0].Message, c.want)
			})
		}
	}
}

// TestAnEventThatComesWithAnErrorIsNoEvent to anybody: it is neither recorded nor counted.
func TestAnEventThatComesWithAnErrorIsNoEvent(t *testing.T) {
	planted := errors.New("planted")
	b := sim.Backend{Name: "rude", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		calls := 0
		return rude{memory.New(memory.Config{Clock: env.Clock}), func(all iter.Seq2[eventcore.Recorded, error]) iter.Seq2[eventcore.Recorded, error] {
			if calls++; calls > 1 {
				return all
			}
			return func(yield func(eventcore.Recorded, error) bool) {
				for e := range all {
					yield(e, &eventcore.StoreFailure{Operation: eventcore.OpReadStream, Err: planted})
					return
				}
			}
		}}, nil
	}}
	s, replay := reading(t, func(ctx context.Context, c *scenarios.Client, stream eventcore.StreamID) {
		failures := 0
		for _, err := range c.Store.ReadStream(ctx, stream, 0) {
			require.ErrorIs(t, err, planted)
			failures++
		}
		require.Equal(t, 1, failures)
	})
	r := run(t, sim.Config{Backend: b, Scenario: s, Replay: replay, Faults: &chaos.Plan{}})
	require.Equal(t, sim.Pass, r.Verdict, "%s %v", r.Reason, r.Findings)
}

// hasty is a store whose appends panic.
type hasty struct{ *memory.Store }

func (hasty) Append(context.Context, eventcore.Writes) (eventcore.Appended, error) {
	panic("planted")
}

// TestAPanicOfTheSetUpIsAFinding as one of a client is.
func TestAPanicOfTheSetUpIsAFinding(t *testing.T) {
	b := sim.Backend{Name: "hasty", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return hasty{memory.New(memory.Config{Clock: env.Clock})}, nil
	}}
	s, replay := reading(t, func(context.Context, *scenarios.Client, eventcore.StreamID) {})
	cfg := sim.Config{Backend: b, Scenario: s, Replay: replay, Faults: noFaults()}
	for name, carryOut := range map[string]func(context.Context, sim.Config) (*sim.Result, error){"simulated": sim.Run, "in real time": sim.Parallel} {
		t.Run(name, func(t *testing.T) {
			r, err := carryOut(t.Context(), cfg)
			require.NoError(t, err)
			require.Equal(t, sim.Violation, r.Verdict)
			require.Equal(t, "panic", r.Findings[0].Name)
			require.Contains(t, r.Findings[0].Message, "planted")
		})
	}
}

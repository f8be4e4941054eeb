package scenarios

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// runAppend reads what is new in all participants, then appends.
func runAppend(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	for _, list := range [2][]eventcore.StreamID{op.Streams, op.Reads} {
		for _, id := range list {
			if err := c.read(ctx, id, c.known[id], 0); err != nil {
				return eventcore.Executed{}, err
			}
		}
	}
	return runBlind(ctx, c, op)
}

// runBlind appends at the versions that the client knows of.
func runBlind(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	var writes eventcore.Writes
	for _, list := range [2][]eventcore.StreamID{op.Streams, op.Reads} {
		for _, id := range list {
			if err := writes.Expect(id, c.known[id]); err != nil {
				return eventcore.Executed{}, err
			}
		}
	}
	// Round by round, so that events of different streams alternate in the batch.
	for range op.Count {
		for _, id := range op.Streams {
			if err := writes.Append(id, c.propose()); err != nil {
				return eventcore.Executed{}, err
			}
		}
	}
	return eventcore.Executed{}, c.append(ctx, writes)
}

// propose makes the client's next event. Every second has metadata.
func (c *Client) propose() eventcore.Proposed {
	c.serial++
	n := c.serial
	e := eventcore.Proposed{ID: c.IDs.NewEventID(), Type: mixedTypes()[n%3]}
	data := make([]byte, 0, 32)
	data = append(data, `{"n":`...)
	data = strconv.AppendInt(data, n, 10)
	e.Data = append(data, '}')
	if n%2 == 0 {
		e.Metadata = json.RawMessage(`{"even":true}`)
	}
	return e
}

func runCommand(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	executed, err := eventcore.Execute(ctx, &c.spy, &scatter{op, c.name(), mixedTypes()}, c.options...)
	if err == nil {
		c.learn(executed.Appended.Streams)
	}
	return executed, err
}

// scatter is the command that appends events to streams, whatever they hold.
type scatter struct {
	op  *Op
	ref uint64
	// types are those of the events, round by round.
	types [3]string
}

// Streams implements [eventcore.Command].
func (s *scatter) Streams() []eventcore.StreamID {
	if len(s.op.Reads) == 0 {
		return s.op.Streams
	}
	all := make([]eventcore.StreamID, 0, len(s.op.Streams)+len(s.op.Reads))
	return append(append(all, s.op.Streams...), s.op.Reads...)
}

// Apply implements [eventcore.Command]. The state is the number of events.
func (s *scatter) Apply(n int64, _ eventcore.Event[fact]) int64 { return n + 1 }

// Handle implements [eventcore.Command].
func (s *scatter) Handle(n int64) ([]eventcore.Emit[fact], error) {
	emits := make([]eventcore.Emit[fact], 0, s.op.Count*len(s.op.Streams))
	for i := range s.op.Count {
		for _, id := range s.op.Streams {
			emits = append(emits, eventcore.To(id, fact{Type: s.types[i%3], N: n, Ref: s.ref}))
		}
	}
	return emits, nil
}

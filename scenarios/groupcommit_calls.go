package scenarios

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func runWrite(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	id := op.Streams[0]
	return eventcore.Executed{}, c.writeAt(ctx, id, c.known[id], op.Count)
}

// burstEvery is the time between the moments at which bursts come: several appends take longer.
const burstEvery = 100 * time.Microsecond

func runBurst(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	now := c.Clock.Now()
	if err := c.Clock.Sleep(ctx, now.Truncate(burstEvery).Add(burstEvery).Sub(now)); err != nil {
		return eventcore.Executed{}, err
	}
	return runWrite(ctx, c, op)
}

func runStale(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	id := op.Streams[0]
	known := c.known[id]
	if known == 0 {
		return eventcore.Executed{}, c.writeAt(ctx, id, 0, 1)
	}
	err := c.writeAt(ctx, id, known-1, 1)
	if err == nil {
		err = &Violation{
			"an append at a version that has passed is refused",
			fmt.Sprintf("one that expected stream %q at %d was applied, for a client that knew of %d", id, known-1, known),
		}
	}
	return eventcore.Executed{}, err
}

// writeAt appends events to a stream.
func (c *Client) writeAt(ctx context.Context, id eventcore.StreamID, expected eventcore.Version, count int) error {
	var writes eventcore.Writes
	if err := writes.Expect(id, expected); err != nil {
		return err
	}
	ref := c.name()
	for i := range count {
		said := written(id, expected+1+eventcore.Version(i), ref)
		data, err := said.appendJSON(make([]byte, 0, 64))
		if err != nil {
			return err
		}
		if err := writes.Append(id, eventcore.Proposed{ID: c.IDs.NewEventID(), Type: typeWritten, Data: data}); err != nil {
			return err
		}
	}
	return c.ownEnd(ctx, c.append(ctx, writes))
}

// isConflict says whether err is a version conflict.
func isConflict(err error) bool { return errors.Is(err, eventcore.ErrVersionConflict) }

// ownEnd returns the error of an append, or a violation if it is the end of somebody else's
// context: who shares a commit with a caller that gives up must not be told that it has. A
// commit in doubt is in doubt for all.
func (c *Client) ownEnd(ctx context.Context, err error) error {
	failure, failed := errors.AsType[*eventcore.StoreFailure](err)
	if !failed || failure.Operation != eventcore.OpAppend || failure.Outcome != eventcore.OutcomeNotApplied ||
		!errors.Is(err, context.Canceled) || ctx.Err() != nil || c.Injected == nil || c.Injected(err) {
		return err
	}
	return &Violation{"an append does not end with the context of another", fmt.Sprintf("its caller's has not ended; the store says: %v", err)}
}

func runReadWritten(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	id := op.Streams[0]
	seen := eventcore.Version(0)
	for e, err := range c.Store.ReadStream(ctx, id, 0) {
		if err != nil {
			return eventcore.Executed{}, err
		}
		if seen, err = c.inPlace(&e, id, seen); err != nil {
			return eventcore.Executed{}, err
		}
	}
	return eventcore.Executed{}, c.sawKnown(id, seen)
}

// runScanWritten reads the global order. A store that has none has nothing to read.
func runScanWritten(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	all, ok := c.Store.(eventcore.AllReader)
	if !ok {
		return eventcore.Executed{}, nil
	}
	seen := make(map[eventcore.StreamID]eventcore.Version)
	for e, err := range all.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, 0) {
		if err != nil {
			return eventcore.Executed{}, err
		}
		if seen[e.Stream], err = c.inPlace(&e, e.Stream, seen[e.Stream]); err != nil {
			return eventcore.Executed{}, err
		}
	}
	return eventcore.Executed{}, c.sawKnown(op.Streams[0], seen[op.Streams[0]])
}

// inPlace returns the version of an event of a stream that was read up to seen. It must be the
// next one, and the one that the event was written for.
func (c *Client) inPlace(e *eventcore.Recorded, id eventcore.StreamID, seen eventcore.Version) (eventcore.Version, error) {
	said, err := c.peers.parse(e.Data)
	if err != nil {
		return 0, &eventcore.DeserializationFailed{Stream: e.Stream, Version: e.Version, Type: e.Type, Err: err}
	}
	if e.Stream != id || e.Version != seen+1 || said.Peer != id || said.N != int64(e.Version) { //nolint:gosec // streams are short
		return 0, &Violation{
			"an event is read where it was written",
			fmt.Sprintf("behind version %d of stream %q comes event %d of stream %q, which says that it is event %d of stream %q",
				seen, id, e.Version, e.Stream, said.N, said.Peer),
		}
	}
	return e.Version, nil
}

// sawKnown compares the length of a stream with what the client knew before, and keeps it.
func (c *Client) sawKnown(id eventcore.StreamID, seen eventcore.Version) error {
	if seen < c.known[id] {
		return &Violation{
			"a stream does not get shorter",
			fmt.Sprintf("stream %q has %d events for a client that knew of %d", id, seen, c.known[id]),
		}
	}
	c.known[id] = seen
	return nil
}

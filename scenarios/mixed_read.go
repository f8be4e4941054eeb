package scenarios

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func runRead(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	return eventcore.Executed{}, c.read(ctx, op.Streams[0], eventcore.Version(op.After), op.Limit)
}

// read reads a stream behind a version, at most limit events where that is not 0,
// and remembers the version it came to.
func (c *Client) read(ctx context.Context, id eventcore.StreamID, after eventcore.Version, limit int) error {
	at, n := after, 0
	for e, err := range c.Store.ReadStream(ctx, id, after) {
		if err != nil {
			return err
		}
		if at++; e.Stream != id || e.Version != at {
			return &Violation{
				"a read yields the events of its stream one by one",
				fmt.Sprintf("of stream %q after %d, event number %d is event %d of stream %q", id, after, n+1, e.Version, e.Stream),
			}
		}
		if n++; n == limit {
			break
		}
	}
	// A read that found nothing behind a version may have begun behind the end.
	if n > 0 {
		c.known[id] = at
	}
	return nil
}

func runScan(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	c.cursor = eventcore.Position{}
	return runFollow(ctx, c, op)
}

// runFollow reads the global order behind the cursor. A store that has none has
// nothing to read.
func runFollow(ctx context.Context, c *Client, op *Op) (eventcore.Executed, error) {
	all, ok := c.Store.(eventcore.AllReader)
	if !ok {
		return eventcore.Executed{}, nil
	}
	filter, err := c.filter(op)
	if err != nil {
		return eventcore.Executed{}, err
	}
	n := 0
	for e, err := range all.ReadAll(ctx, filter, c.cursor, op.Limit) {
		if err != nil {
			return eventcore.Executed{}, err
		}
		if n++; (op.Limit > 0 && n > op.Limit) || e.Position.Compare(c.cursor) <= 0 || !filter.Match(e.Stream, e.Type) {
			return eventcore.Executed{}, &Violation{
				"a read of the global order yields what matches, at growing positions, up to its limit",
				fmt.Sprintf("%s yields as number %d, behind position %s, event %d of stream %q, of type %q, at position %s",
					op, n, c.cursor, e.Version, e.Stream, e.Type, e.Position),
			}
		}
		c.cursor = e.Position
	}
	return eventcore.Executed{}, nil
}

// filterKey is a filter as an operation writes it.
type filterKey struct{ prefix, pattern, sort string }

// filter makes the filter of an operation, once: a pattern takes as long to compile
// as many reads.
func (c *Client) filter(op *Op) (eventcore.Filter, error) {
	key := filterKey{op.Prefix, op.Pattern, op.Type}
	if f, ok := c.filters[key]; ok || key == (filterKey{}) {
		return f, nil
	}
	var f eventcore.Filter
	var err error
	if op.Prefix != "" {
		if f.Prefix, err = eventcore.ParseStreamPrefix(op.Prefix); err != nil {
			return f, err
		}
	}
	if op.Pattern != "" {
		if f.Pattern, err = eventcore.ParseStreamPattern(op.Pattern); err != nil {
			return f, err
		}
	}
	if op.Type != "" {
		f.Types = []string{op.Type}
	}
	if c.filters == nil {
		c.filters = make(map[filterKey]eventcore.Filter)
	}
	c.filters[key] = f
	return f, nil
}

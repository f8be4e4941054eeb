// Package pushread reads from stores by calling a function with each event. Layers around a store
// that pass a read on so make no sequence each, which would be most of what they cost.
package pushread

import (
	"context"
	"errors"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Consumer takes an event, or the error that ends a read; false means that nothing more is
// wanted.
type Consumer = func(eventcore.Recorded, error) bool

// ErrGoesOn is what a layer panics with whose store yields more than is wanted, as the loop of
// a reader does.
var ErrGoesOn = errors.New("the store goes on with a read that its reader has ended")

// Reader is a store whose streams can be read so.
type Reader interface {
	// PushStream calls consume with what ReadStream of [eventcore.Store] yields.
	PushStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version, consume Consumer)
}

// AllReader is a store whose global order can be read so.
type AllReader interface {
	// PushAll calls consume with what ReadAll of [eventcore.AllReader] yields.
	PushAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int, consume Consumer)
}

// Of returns store as a Reader.
func Of(store eventcore.Store) Reader {
	if r, ok := store.(Reader); ok {
		return r
	}
	return streams{store}
}

// OfAll returns all as an AllReader.
func OfAll(all eventcore.AllReader) AllReader {
	if r, ok := all.(AllReader); ok {
		return r
	}
	return global{all}
}

// Stream returns what r pushes as a sequence, for the store's ReadStream.
func Stream(ctx context.Context, r Reader, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(consume func(eventcore.Recorded, error) bool) { r.PushStream(ctx, id, after, consume) }
}

// All returns what r pushes as a sequence, for the store's ReadAll.
func All(ctx context.Context, r AllReader, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(consume func(eventcore.Recorded, error) bool) { r.PushAll(ctx, filter, after, limit, consume) }
}

// streams is any store.
type streams struct{ store eventcore.Store }

func (s streams) PushStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version, consume Consumer) {
	s.store.ReadStream(ctx, id, after)(consume)
}

// global is the global order of any store.
type global struct{ all eventcore.AllReader }

func (g global) PushAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int, consume Consumer) {
	g.all.ReadAll(ctx, filter, after, limit)(consume)
}

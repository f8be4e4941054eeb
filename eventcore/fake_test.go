package eventcore_test

import (
	"context"
	"encoding/json"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// hookedStore asks a hook before each append and each read what goes wrong with it.
type hookedStore struct {
	eventcore.Store
	beforeAppend func(eventcore.Writes) error
	beforeRead   func(eventcore.StreamID) error
	reads        []eventcore.StreamID
	// open is the number of reads under way.
	open int
}

func (s *hookedStore) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	if s.beforeAppend != nil {
		if err := s.beforeAppend(w); err != nil {
			return eventcore.Appended{}, err
		}
	}
	return s.Store.Append(ctx, w)
}

func (s *hookedStore) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		s.reads = append(s.reads, id)
		s.open++
		defer func() { s.open-- }()
		if s.beforeRead != nil {
			if err := s.beforeRead(id); err != nil {
				yield(eventcore.Recorded{}, err)
				return
			}
		}
		s.Store.ReadStream(ctx, id, after)(yield)
	}
}

// conflictOn is the conflict of the first participant of a batch.
func conflictOn(w eventcore.Writes) error {
	p := w.Participants()[0]
	return &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: p.Expected + 1}
}

// virtualClock advances by sleeping only and keeps what it slept.
type virtualClock struct {
	now    time.Time
	slept  []time.Duration
	before func() // called before each sleep
}

func newVirtualClock() *virtualClock {
	return &virtualClock{now: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (c *virtualClock) Now() time.Time { return c.now }

func (c *virtualClock) Sleep(ctx context.Context, d time.Duration) error {
	if c.before != nil {
		c.before()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.slept, c.now = append(c.slept, d), c.now.Add(d)
	return nil
}

func fixedRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// record appends events to a stream as they are, whatever is there.
func record(t require.TestingT, ctx context.Context, store eventcore.Store, ids eventcore.IDGenerator, id eventcore.StreamID, typeName string, data ...string) {
	var at eventcore.Version
	for _, err := range store.ReadStream(ctx, id, 0) {
		require.NoError(t, err)
		at++
	}
	var w eventcore.Writes
	require.NoError(t, w.Expect(id, at))
	for _, d := range data {
		require.NoError(t, w.Append(id, eventcore.Proposed{ID: ids.NewEventID(), Type: typeName, Data: json.RawMessage(d)}))
	}
	_, err := store.Append(ctx, w)
	require.NoError(t, err)
}

func newIDs() eventcore.IDGenerator {
	return eventcore.NewIDGenerator(newVirtualClock(), fixedRandom())
}

// contents returns the types and data of a stream.
func contents(t *testing.T, store eventcore.Store, id eventcore.StreamID) []string {
	t.Helper()
	var all []string
	for e, err := range store.ReadStream(t.Context(), id, 0) {
		require.NoError(t, err)
		all = append(all, e.Type+" "+string(e.Data))
	}
	return all
}

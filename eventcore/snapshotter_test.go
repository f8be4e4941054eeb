package eventcore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// trail is a state that tells in which order it was folded.
type trail struct {
	Seen  []string        `json:"seen"`
	Links map[string]bool `json:"links"`
}

// trailing is a command that follows links and keeps its state.
type trailing struct {
	streams []eventcore.StreamID
	emits   []eventcore.Emit[scriptEvent]
	refuses error
	schema  uint32
	// decided is the state on which it decided.
	decided trail
}

func (c *trailing) Streams() []eventcore.StreamID { return c.streams }

func (c *trailing) Apply(s trail, e eventcore.Event[scriptEvent]) trail {
	s.Seen = append(s.Seen, fmt.Sprintf("%s@%d", e.Stream, e.Version))
	if link, ok := e.Payload.(linked); ok {
		s.Links = maps.Clone(s.Links)
		if s.Links == nil {
			s.Links = map[string]bool{}
		}
		s.Links[link.To] = true
	}
	return s
}

func (c *trailing) Discover(s trail) []eventcore.StreamID {
	var found []eventcore.StreamID
	for _, name := range slices.Sorted(maps.Keys(s.Links)) {
		found = append(found, eventcore.MustStreamID(name))
	}
	return found
}

func (c *trailing) Handle(s trail) ([]eventcore.Emit[scriptEvent], error) {
	c.decided = trail{Seen: slices.Clone(s.Seen), Links: maps.Clone(s.Links)}
	// A command may spoil what it was given: the snapshot is taken before.
	if len(s.Seen) > 0 {
		s.Seen[0] = "spoilt"
	}
	return c.emits, c.refuses
}

func (c *trailing) SnapshotKey() eventcore.SnapshotKey {
	return eventcore.SnapshotKey{Name: fmt.Sprint("trailing ", c.streams), Schema: c.schema}
}

func trailCodec() eventcore.Codec {
	registry := eventcore.NewRegistry()
	eventcore.MustRegister[added](registry, "added")
	eventcore.MustRegister[linked](registry, "linked")
	return registry
}

// differ executes a command with snapshots and says how its decision differs from that of one
// that folds everything.
func differ(store eventcore.Store, snapshots eventcore.SnapshotStore, c *trailing) (eventcore.Executed, error) {
	ctx := context.Background()
	full := &trailing{streams: c.streams, refuses: errors.New("only looks")}
	want, err := eventcore.Execute(ctx, store, full, eventcore.WithCodec(trailCodec()))
	if !errors.Is(err, full.refuses) {
		return want, err
	}
	got, err := eventcore.Execute(ctx, &bounded{Store: store}, c, eventcore.WithCodec(trailCodec()), eventcore.WithSnapshots(snapshots, 3))
	switch {
	case !errors.Is(err, c.refuses):
		return got, fmt.Errorf("got %w, want %w", err, c.refuses)
	case !reflect.DeepEqual(full.decided, c.decided):
		return got, fmt.Errorf("it decided on %+v, not on %+v", c.decided, full.decided)
	case !slices.Equal(want.Read, got.Read):
		return got, fmt.Errorf("it read %v, not %v", got.Read, want.Read)
	case want.Snapshot != eventcore.SnapshotUse{}:
		return got, fmt.Errorf("without snapshots it used one: %+v", want.Snapshot)
	}
	return got, nil
}

// bounded ends a command that begins anew for ever.
type bounded struct {
	eventcore.Store
	reads int
}

func (s *bounded) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	if s.reads++; s.reads > 1000 {
		return func(yield func(eventcore.Recorded, error) bool) {
			yield(eventcore.Recorded{}, errors.New("it reads and reads"))
		}
	}
	return s.Store.ReadStream(ctx, id, after)
}

func executeBoth(t *testing.T, store eventcore.Store, snapshots eventcore.SnapshotStore, c *trailing) eventcore.Executed {
	t.Helper()
	got, err := differ(store, snapshots, c)
	require.NoError(t, err)
	return got
}

func ids(names ...string) []eventcore.StreamID {
	list := make([]eventcore.StreamID, len(names))
	for i, name := range names {
		list[i] = eventcore.MustStreamID(name)
	}
	return list
}

// write appends events to a stream, whatever its version: "" is no link.
func write(t require.TestingT, store eventcore.Store, stream string, links ...string) {
	writer := &trailing{streams: ids(stream)}
	for _, to := range links {
		var event scriptEvent = added{N: 1}
		if to != "" {
			event = linked{To: to}
		}
		writer.emits = append(writer.emits, eventcore.To(ids(stream)[0], event))
	}
	_, err := eventcore.Execute[trail, scriptEvent](context.Background(), store, blind{writer}, eventcore.WithCodec(trailCodec()))
	require.NoError(t, err)
}

// blind discovers nothing.
type blind struct{ c *trailing }

func (b blind) Streams() []eventcore.StreamID                         { return b.c.Streams() }
func (b blind) Apply(s trail, e eventcore.Event[scriptEvent]) trail   { return b.c.Apply(s, e) }
func (b blind) Handle(s trail) ([]eventcore.Emit[scriptEvent], error) { return b.c.Handle(s) }

// moody is a snapshot store that fails, refuses, and gives what is damaged. It counts what
// it is asked to save.
type moody struct {
	*memory.Store
	load, save error
	refuses    bool
	damage     func(*eventcore.Snapshot)
	saves      int
}

func (m *moody) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	if m.load != nil {
		return eventcore.Snapshot{}, false, m.load
	}
	s, found, err := m.Store.LoadSnapshot(ctx, key)
	if found && m.damage != nil {
		m.damage(&s)
	}
	return s, found, err
}

func (m *moody) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, s eventcore.Snapshot) (bool, error) {
	m.saves++
	if m.save != nil || m.refuses {
		return false, m.save
	}
	return m.Store.SaveSnapshot(ctx, key, s)
}

// step is one thing that happens to a store and its snapshots.
type step struct {
	// write appends to a stream an event for each link, where it is not empty.
	write string
	links []string
	// declares is what a command declares that is executed otherwise.
	declares             []string
	refuses              bool
	loadFails, saveFails bool
}

func steps() *rapid.Generator[[]step] {
	stream := rapid.SampledFrom([]string{"a", "b", "c", "d"})
	link := rapid.SampledFrom([]string{"", "", "", "", "a", "b", "c", "d"})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		if rapid.IntRange(0, 2).Draw(t, "writes") == 0 {
			return step{write: stream.Draw(t, "stream"), links: rapid.SliceOfN(link, 1, 3).Draw(t, "links")}
		}
		rarely := func(what string) bool { return rapid.IntRange(0, 7).Draw(t, what) == 0 }
		return step{
			declares: rapid.SampledFrom([][]string{{"a"}, {"b", "a"}, {"c", "d"}}).Draw(t, "declares"),
			refuses:  rarely("refuses"), loadFails: rarely("load fails"), saveFails: rarely("save fails"),
		}
	}), 15, 40)
}

// decideAlike executes commands with snapshots and without and tells where they differ, and
// how many resumed. bug changes what the commands read.
func decideAlike(t require.TestingT, program []step, bug func(eventcore.Store) eventcore.Store) (resumed int, err error) {
	log := memory.New(memory.Config{})
	store := bug(log)
	snapshots := &moody{Store: memory.New(memory.Config{})}
	for i, s := range program {
		if s.write != "" {
			write(t, log, s.write, s.links...)
			continue
		}
		snapshots.load, snapshots.save = nil, nil
		if s.loadFails {
			snapshots.load = errors.New("no snapshots today")
		}
		if s.saveFails {
			snapshots.save = errors.New("disk full")
		}
		c := &trailing{streams: ids(s.declares...)}
		if s.refuses {
			c.refuses = errors.New("forbidden")
		}
		done, err := differ(store, snapshots, c)
		if err != nil {
			return resumed, fmt.Errorf("step %d: %w", i, err)
		}
		if done.Snapshot.Resumed {
			resumed++
		}
		if s.loadFails && !errors.Is(done.Snapshot.Err, snapshots.load) {
			return resumed, fmt.Errorf("step %d: it says of a load: %w", i, done.Snapshot.Err)
		}
	}
	return resumed, nil
}

func rightStore(s eventcore.Store) eventcore.Store { return s }

func TestACommandDecidesWithSnapshotsAsWithout(t *testing.T) {
	resumed := 0
	rapid.Check(t, func(t *rapid.T) {
		n, err := decideAlike(t, steps().Draw(t, "steps"), rightStore)
		require.NoError(t, err)
		resumed += n
	})
	least := 50
	if testing.Short() {
		least = 5 // rapid makes a fifth of the checks
	}
	require.Greater(t, resumed, least)
}

// hidingNew hides from a read behind a version what is new, as if a snapshot were used
// although the stream has moved.
type hidingNew struct{ eventcore.Store }

func (s hidingNew) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		n := 0
		for e, err := range s.Store.ReadStream(ctx, id, after) {
			if n++; after > 0 && n > 1 || !yield(e, err) {
				return
			}
		}
	}
}

// hidingEarlier hides it of the streams that a command reads first.
type hidingEarlier struct{ eventcore.Store }

func (s hidingEarlier) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	if name := id.String(); name == "b" || name == "c" {
		return hidingNew(s).ReadStream(ctx, id, after)
	}
	return s.Store.ReadStream(ctx, id, after)
}

func TestADifferenceOfDecisionsIsFound(t *testing.T) {
	for name, bug := range map[string]func(eventcore.Store) eventcore.Store{
		"what is new is missed":                    func(s eventcore.Store) eventcore.Store { return hidingNew{s} },
		"what is new in earlier streams is missed": func(s eventcore.Store) eventcore.Store { return hidingEarlier{s} },
	} {
		t.Run(name, func(t *testing.T) {
			found := false
			for seed := 0; seed < 50 && !found; seed++ {
				_, err := decideAlike(t, steps().Example(seed), bug)
				found = err != nil
			}
			require.True(t, found)
		})
	}
}

func TestASnapshotIsUsedWhereItMakesNoDifference(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	write(t, store, "b", "", "")
	run := func() eventcore.SnapshotUse {
		return executeBoth(t, store, store, &trailing{streams: ids("a", "b")}).Snapshot
	}
	require.Equal(t, eventcore.SnapshotUse{Saved: true}, run(), "nothing was there")
	require.Equal(t, eventcore.SnapshotUse{Resumed: true}, run(), "nothing is new")
	write(t, store, "b", "", "")
	require.Equal(t, eventcore.SnapshotUse{Resumed: true}, run(), "the last stream has moved")
	write(t, store, "b", "")
	require.Equal(t, eventcore.SnapshotUse{Resumed: true, Saved: true}, run(), "three events are new")
	write(t, store, "a", "")
	require.Equal(t, eventcore.SnapshotUse{Saved: true}, run(), "an earlier stream has moved")
	write(t, store, "b", "c")
	require.Equal(t, eventcore.SnapshotUse{Resumed: true}, run(), "a stream is discovered that is empty")
}

// racing appends to a stream before each of the first appends that go through it.
type racing struct {
	eventcore.Store
	t      *testing.T
	stream string
	races  int
}

func (s *racing) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	if s.races > 0 {
		s.races--
		write(s.t, s.Store, s.stream, "")
	}
	return s.Store.Append(ctx, w)
}

func TestEachAttemptCountsAndKeepsForItself(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	require.True(t, executeBoth(t, store, store, &trailing{streams: ids("a")}).Snapshot.Saved)
	write(t, store, "a", "")
	// The attempts fold one event and then two: together as many as would be kept.
	done, err := eventcore.Execute(t.Context(), &racing{store, t, "a", 1}, &trailing{streams: ids("a")},
		eventcore.WithCodec(trailCodec()), eventcore.WithSnapshots(store, 3), eventcore.WithClock(stoppedClock{}))
	require.NoError(t, err)
	require.Equal(t, 2, done.Attempts)
	require.Equal(t, eventcore.SnapshotUse{Resumed: true}, done.Snapshot)
}

func TestAStateOfAnAttemptThatWasRefusedIsNotKept(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	snapshots := &moody{Store: memory.New(memory.Config{})}
	raced := &racing{store, t, "a", 1}
	done, err := eventcore.Execute(t.Context(), raced, &trailing{streams: ids("a")}, eventcore.WithCodec(trailCodec()),
		eventcore.WithSnapshots(snapshots, 3), eventcore.WithRetry(eventcore.Fixed(1, 1)), eventcore.WithClock(stoppedClock{}),
		eventcore.OnRetry(func(eventcore.Retry) {
			// Another command keeps what is there now.
			executeBoth(t, store, snapshots, &trailing{streams: ids("a")})
		}))
	require.NoError(t, err)
	require.Equal(t, eventcore.SnapshotUse{Resumed: true}, done.Snapshot, "the second attempt had nothing to fold")
	require.Equal(t, 1, snapshots.saves, "that of the other command")
}

// TestAnAttemptSaysWhatBecameOfItsOwnSnapshot: that of the first could not be loaded.
func TestAnAttemptSaysWhatBecameOfItsOwnSnapshot(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	snapshots := &moody{Store: memory.New(memory.Config{})}
	require.True(t, executeBoth(t, store, snapshots, &trailing{streams: ids("a")}).Snapshot.Saved)
	snapshots.load = errors.New("no snapshots now")
	done, err := eventcore.Execute(t.Context(), &racing{store, t, "a", 1}, &trailing{streams: ids("a")}, eventcore.WithCodec(trailCodec()),
		eventcore.WithSnapshots(snapshots, 3), eventcore.WithRetry(eventcore.Fixed(1, 1)), eventcore.WithClock(stoppedClock{}),
		eventcore.OnRetry(func(eventcore.Retry) { snapshots.load = nil }))
	require.NoError(t, err)
	require.Equal(t, eventcore.SnapshotUse{Resumed: true}, done.Snapshot)
}

func TestTheStateOfACommandThatRefusesIsKept(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	refused := executeBoth(t, store, store, &trailing{streams: ids("a"), refuses: errors.New("forbidden")})
	require.Equal(t, eventcore.SnapshotUse{Saved: true}, refused.Snapshot)
	require.Equal(t, eventcore.SnapshotUse{Resumed: true}, executeBoth(t, store, store, &trailing{streams: ids("a")}).Snapshot)
}

func TestAStateThatTheStoreDidNotKeepIsNotSaidToBe(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	snapshots := &moody{Store: memory.New(memory.Config{}), refuses: true}
	require.Zero(t, executeBoth(t, store, snapshots, &trailing{streams: ids("a")}).Snapshot)
	require.Equal(t, 1, snapshots.saves)
}

func TestASnapshotOfManyStreamsIsResumed(t *testing.T) {
	store := memory.New(memory.Config{})
	var names []string
	for n := range 60 {
		names = append(names, fmt.Sprintf("s-%02d", n))
	}
	write(t, store, "a", names...)
	for _, name := range names {
		write(t, store, name, "a", "s-00")
	}
	require.True(t, executeBoth(t, store, store, &trailing{streams: ids("a")}).Snapshot.Saved)
	require.True(t, executeBoth(t, store, store, &trailing{streams: ids("a")}).Snapshot.Resumed)
	// What is declared is known before the snapshot is there.
	all := ids(append([]string{"a"}, names...)...)
	require.True(t, executeBoth(t, store, store, &trailing{streams: all}).Snapshot.Saved)
	require.True(t, executeBoth(t, store, store, &trailing{streams: all}).Snapshot.Resumed)
}

// TestAStreamThatAnEarlierAttemptKnewIsReadAgain: the first attempt finds a stream that the
// snapshot of the second does not have yet.
func TestAStreamThatAnEarlierAttemptKnewIsReadAgain(t *testing.T) {
	store := memory.New(memory.Config{})
	names := []string{"b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}
	write(t, store, "a", names...)
	snapshots := &moody{Store: memory.New(memory.Config{})}
	require.True(t, executeBoth(t, store, snapshots, &trailing{streams: ids("a")}).Snapshot.Saved)
	write(t, store, "k", "z")
	snapshots.load = errors.New("no snapshots now")
	done, err := eventcore.Execute(t.Context(), &racing{store, t, "k", 1}, &trailing{streams: ids("a")}, eventcore.WithCodec(trailCodec()),
		eventcore.WithSnapshots(snapshots, 100), eventcore.WithRetry(eventcore.Fixed(1, 1)), eventcore.WithClock(stoppedClock{}),
		eventcore.OnRetry(func(eventcore.Retry) { snapshots.load = nil }))
	require.NoError(t, err)
	require.Equal(t, eventcore.SnapshotUse{Resumed: true}, done.Snapshot)
	require.Equal(t, eventcore.StreamVersion{Stream: ids("z")[0]}, done.Read[len(done.Read)-1])
}

func TestASnapshotThatCannotBeUsedIsReported(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(m *moody)
		want   string
	}{
		"cannot be loaded": {func(m *moody) { m.load = errors.New("no snapshots today") }, "no snapshots today"},
		"no JSON":          {func(m *moody) { m.damage = func(s *eventcore.Snapshot) { s.State = json.RawMessage(`{"seen":`) } }, "unexpected EOF"},
		"another state":    {func(m *moody) { m.damage = func(s *eventcore.Snapshot) { s.State = json.RawMessage(`{"sum":1}`) } }, `unknown field "sum"`},
		"too few streams":  {func(m *moody) { m.damage = func(s *eventcore.Snapshot) { s.Streams = s.Streams[:1] } }, "it has 1 streams, the command declares 2"},
		"another order":    {func(m *moody) { m.damage = func(s *eventcore.Snapshot) { slices.Reverse(s.Streams) } }, `its stream 1 is "b", the command declares "a"`},
		"a stream twice":   {func(m *moody) { m.damage = func(s *eventcore.Snapshot) { s.Streams = append(s.Streams, s.Streams[0]) } }, "is there twice"},
		"a stream of no name": {func(m *moody) {
			m.damage = func(s *eventcore.Snapshot) { s.Streams = append(s.Streams, eventcore.StreamVersion{}) }
		}, "or is empty"},
		"more than there is": {func(m *moody) { m.damage = func(s *eventcore.Snapshot) { s.Streams[0].Version += 2 } }, `it has folded 5 events of stream "a", which has fewer`},
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New(memory.Config{})
			write(t, store, "a", "", "", "")
			write(t, store, "b", "")
			snapshots := &moody{Store: memory.New(memory.Config{})}
			require.True(t, executeBoth(t, store, snapshots, &trailing{streams: ids("a", "b")}).Snapshot.Saved)
			tc.change(snapshots)
			use := executeBoth(t, store, snapshots, &trailing{streams: ids("a", "b")}).Snapshot
			require.ErrorContains(t, use.Err, tc.want)
			require.False(t, use.Resumed)
		})
	}
}

func TestAFailedSaveDoesNotFailTheCommand(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	snapshots := &moody{Store: memory.New(memory.Config{}), save: errors.New("disk full")}
	use := executeBoth(t, store, snapshots, &trailing{streams: ids("a")}).Snapshot
	require.ErrorIs(t, use.Err, snapshots.save)
	require.False(t, use.Saved)
}

// secretive has a state that JSON loses a part of.
type secretive struct{ *counting }

type counting struct{ id eventcore.StreamID }

type hidden struct {
	Sum   int
	count int
}

func (c *secretive) Streams() []eventcore.StreamID { return []eventcore.StreamID{c.id} }
func (c *secretive) Apply(s hidden, _ eventcore.Event[scriptEvent]) hidden {
	return hidden{s.Sum + 1, s.count + 1}
}
func (c *secretive) Handle(hidden) ([]eventcore.Emit[scriptEvent], error) { return nil, nil }
func (c *secretive) SnapshotKey() eventcore.SnapshotKey {
	return eventcore.SnapshotKey{Name: "secretive"}
}

func TestAStateThatDoesNotSurviveJSONIsNotKept(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	done, err := eventcore.Execute[hidden, scriptEvent](t.Context(), store, &secretive{&counting{ids("a")[0]}},
		eventcore.WithCodec(trailCodec()), eventcore.WithSnapshots(store, 1))
	require.NoError(t, err)
	require.ErrorContains(t, done.Snapshot.Err, "implement eventcore.StateCodec")
	require.False(t, done.Snapshot.Saved)
}

// encoded is secretive with a codec of its own.
type encoded struct{ secretive }

func (c *encoded) EncodeState(s hidden) (json.RawMessage, error) {
	return json.RawMessage(fmt.Sprintf("[%d,%d]", s.Sum, s.count)), nil
}

func (c *encoded) DecodeState(data json.RawMessage) (s hidden, err error) {
	var both [2]int
	err = json.Unmarshal(data, &both)
	return hidden{both[0], both[1]}, err
}

func TestACommandMayEncodeItsStateItself(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	for _, want := range []eventcore.SnapshotUse{{Saved: true}, {Resumed: true}} {
		done, err := eventcore.Execute[hidden, scriptEvent](t.Context(), store, &encoded{secretive{&counting{ids("a")[0]}}},
			eventcore.WithCodec(trailCodec()), eventcore.WithSnapshots(store, 1))
		require.NoError(t, err)
		require.Equal(t, want, done.Snapshot)
	}
}

// garbled encodes its state as what is not JSON.
type garbled struct{ encoded }

func (c *garbled) EncodeState(hidden) (json.RawMessage, error) { return json.RawMessage("[1,"), nil }

func TestAStateThatIsEncodedAsWhatIsNotJSONIsNotKept(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	done, err := eventcore.Execute[hidden, scriptEvent](t.Context(), store, &garbled{encoded{secretive{&counting{ids("a")[0]}}}},
		eventcore.WithCodec(trailCodec()), eventcore.WithSnapshots(store, 1))
	require.NoError(t, err)
	require.ErrorContains(t, done.Snapshot.Err, `EncodeState returned what is not JSON: "[1,"`)
	require.False(t, done.Snapshot.Saved)
}

func TestAStateOfAnotherSchemaIsNotUsed(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "", "")
	require.True(t, executeBoth(t, store, store, &trailing{streams: ids("a")}).Snapshot.Saved)
	require.Equal(t, eventcore.SnapshotUse{Saved: true}, executeBoth(t, store, store, &trailing{streams: ids("a"), schema: 1}).Snapshot)
}

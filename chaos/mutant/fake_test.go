package mutant_test

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// fake is a correct store in a few lines, for one goroutine. answer, where set,
// replaces what an append returns; damaged, where set, cannot be decoded.
type fake struct {
	log      []eventcore.Recorded
	versions map[eventcore.StreamID]eventcore.Version
	answer   func(eventcore.Appended, error) (eventcore.Appended, error)
	damaged  eventcore.EventID
}

func newFake() *fake { return &fake{versions: make(map[eventcore.StreamID]eventcore.Version)} }

func (f *fake) Append(_ context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	result, err := f.apply(w)
	if f.answer != nil {
		return f.answer(result, err)
	}
	return result, err
}

func (f *fake) apply(w eventcore.Writes) (eventcore.Appended, error) {
	for _, p := range w.Participants() {
		if actual := f.versions[p.Stream]; actual != p.Expected {
			return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
		}
	}
	var result eventcore.Appended
	for _, e := range w.Events() {
		id := w.Participants()[e.Participant].Stream
		f.versions[id]++
		result.Last = eventcore.NewPosition(0, uint64(len(f.log)+1))
		f.log = append(f.log, eventcore.Recorded{
			ID: e.Event.ID, Stream: id, Version: f.versions[id], Type: e.Event.Type, Data: e.Event.Data, Position: result.Last,
		})
	}
	for _, p := range w.Participants() {
		if p.Events > 0 {
			result.Streams = append(result.Streams, eventcore.StreamVersion{Stream: p.Stream, Version: f.versions[p.Stream]})
		}
	}
	return result, nil
}

func (f *fake) ReadStream(_ context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return f.read(math.MaxInt, func(e *eventcore.Recorded) bool { return e.Stream == id && e.Version > after })
}

func (f *fake) ReadAll(_ context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return f.read(limit, func(e *eventcore.Recorded) bool {
		return e.Position.Compare(after) > 0 && filter.Match(e.Stream, e.Type)
	})
}

func (f *fake) read(limit int, selected func(*eventcore.Recorded) bool) iter.Seq2[eventcore.Recorded, error] {
	return func(consume func(eventcore.Recorded, error) bool) {
		if limit < 0 {
			consume(eventcore.Recorded{}, fmt.Errorf("limit is %d", limit))
			return
		}
		n := 0
		for _, e := range slices.Clip(f.log) {
			switch {
			case n == limit:
				return
			case !selected(&e):
			case e.ID == f.damaged:
				consume(eventcore.Recorded{}, &eventcore.DeserializationFailed{Stream: e.Stream, Version: e.Version})
				return
			default:
				if n++; !consume(e, nil) {
					return
				}
			}
		}
	}
}

// idOf makes the event ID that a name stands for.
func idOf(name string) eventcore.EventID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)) }

// batch makes a batch from items such as "a@3 x y": stream a is expected at version
// 3 and gets the events x and y.
func batch(t testing.TB, items ...string) eventcore.Writes {
	var w eventcore.Writes
	for _, item := range items {
		fields := strings.Fields(item)
		name, at, _ := strings.Cut(fields[0], "@")
		var version eventcore.Version
		_, err := fmt.Sscan(at, &version)
		require.NoError(t, err)
		stream := eventcore.MustStreamID(name)
		require.NoError(t, w.Expect(stream, version))
		for _, event := range fields[1:] {
			data := fmt.Appendf(nil, "%q", event)
			require.NoError(t, w.Append(stream, eventcore.Proposed{ID: idOf(event), Type: "happened", Data: data}))
		}
	}
	return w
}

// mustAppend appends a batch that must succeed.
func mustAppend(t testing.TB, store eventcore.Store, items ...string) eventcore.Appended {
	t.Helper()
	result, err := store.Append(t.Context(), batch(t, items...))
	require.NoError(t, err)
	return result
}

// names reads a sequence and returns the names of its events, and behind them the
// error that ended it.
func names(seq iter.Seq2[eventcore.Recorded, error]) string {
	var found []string
	for event, err := range seq {
		if err != nil {
			found = append(found, err.Error())
			continue
		}
		found = append(found, strings.Trim(string(event.Data), `"`))
	}
	return strings.Join(found, " ")
}

func stream(t testing.TB, store eventcore.Store, name string) string {
	return names(store.ReadStream(t.Context(), eventcore.MustStreamID(name), 0))
}

func global(t testing.TB, store eventcore.Store) string {
	return names(store.(eventcore.AllReader).ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 1000))
}

// picked returns an event name that the mutant picks, and no other one does;
// unpicked one that none picks.
func picked(t testing.TB, name string) string {
	for i := range 10_000 {
		event := fmt.Sprintf("%s-%d", name, i)
		if others := picks(t, event); len(others) == 1 && others[0] == name {
			return event
		}
	}
	require.Fail(t, "no event is picked by "+name)
	return ""
}

func unpicked(t testing.TB, prefix string) string {
	for i := range 10_000 {
		if event := fmt.Sprintf("%s-%d", prefix, i); len(picks(t, event)) == 0 {
			return event
		}
	}
	require.Fail(t, "every event is picked")
	return ""
}

func picks(t testing.TB, event string) (by []string) {
	w := batch(t, "any@0 "+event)
	for name, n := range map[string]uint64{"lost-append": 16, "false-conflict": 16, "cursor-skip": 2} {
		if mutant.Rare(name, w, n) {
			by = append(by, name)
		}
	}
	return by
}

func wrap(t testing.TB, name string, inner eventcore.Store) eventcore.Store {
	m, err := mutant.Lookup(name)
	require.NoError(t, err)
	return m.Wrap(inner)
}

// task runs a function at the n-th yield point in place of parking.
type task struct {
	at    int
	run   func()
	names []string
}

func (k *task) Yield(name string) {
	k.names = append(k.names, name)
	if len(k.names) == k.at {
		k.run()
	}
}

func (k *task) Wait(string, func() bool) { panic("a mutant must not wait") }

// during returns a context in which run happens at the first yield point, and the
// task that counts them.
func during(t testing.TB, run func()) (context.Context, *task) {
	k := &task{at: 1, run: run}
	return yield.NewContext(t.Context(), k), k
}

package eventcore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// deciding is what tagged commands have besides their fields.
type deciding struct{}

func (deciding) Apply(n int, _ eventcore.Event[scriptEvent]) int   { return n + 1 }
func (deciding) Handle(int) ([]eventcore.Emit[scriptEvent], error) { return nil, nil }

type ends struct {
	From eventcore.StreamID `stream:""`
	To   eventcore.StreamID `stream:""`
}

type legs struct {
	First ends `stream:""`
	Last  ends `stream:""`
}

type route struct {
	Legs legs `stream:""`
}

func TestTaggedStreamsAreDeclaredInTheirOrder(t *testing.T) {
	a, b, c, d := ids("a")[0], ids("b")[0], ids("c")[0], ids("d")[0]
	for name, tc := range map[string]struct {
		command eventcore.TaggedCommand[int, scriptEvent]
		want    []eventcore.StreamID
	}{
		"fields": {struct {
			deciding
			Amount int
			B      eventcore.StreamID `stream:""`
			Other  eventcore.StreamID
			A      eventcore.StreamID `stream:""`
		}{B: b, Other: c, A: a}, []eventcore.StreamID{b, a}},
		"a pointer": {&struct {
			deciding
			A eventcore.StreamID `stream:""`
		}{A: a}, []eventcore.StreamID{a}},
		"a list": {struct {
			deciding
			First eventcore.StreamID   `stream:""`
			More  []eventcore.StreamID `stream:""`
		}{First: d, More: ids("a", "b")}, []eventcore.StreamID{d, a, b}},
		"embedded": {struct {
			deciding
			ends
			Last eventcore.StreamID `stream:""`
		}{ends: ends{a, b}, Last: c}, []eventcore.StreamID{a, b, c}},
		"nested": {struct {
			deciding
			Accounts ends `stream:""`
			Ignored  ends
		}{Accounts: ends{b, a}}, []eventcore.StreamID{b, a}},
		"nested deeply": {struct {
			deciding
			Route route `stream:""`
		}{Route: route{legs{ends{a, b}, ends{c, d}}}}, []eventcore.StreamID{a, b, c, d}},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // the second time the type is known
				command, err := eventcore.Tagged(tc.command)
				require.NoError(t, err)
				require.Equal(t, tc.want, command.Streams())
			}
		})
	}
}

func TestWrongTagsAreErrorsThatNameTheField(t *testing.T) {
	a := ids("a")[0]
	var none *struct {
		deciding
		A eventcore.StreamID `stream:""`
	}
	for name, tc := range map[string]struct {
		command eventcore.TaggedCommand[int, scriptEvent]
		want    string
	}{
		"no tag": {struct {
			deciding
			A eventcore.StreamID
		}{A: a}, "no field has the tag"},
		"empty": {struct {
			deciding
			A eventcore.StreamID `stream:""`
			B eventcore.StreamID `stream:""`
		}{A: a}, "stream B is empty; make it with ParseStreamID"},
		"twice": {struct {
			deciding
			A eventcore.StreamID   `stream:""`
			B []eventcore.StreamID `stream:""`
		}{A: a, B: ids("b", "a")}, `streams A and B[1] are both "a"`},
		"no stream at all": {struct {
			deciding
			B []eventcore.StreamID `stream:""`
		}{}, "it declares no stream: B is empty"},
		"another type": {struct {
			deciding
			A string `stream:""`
		}{}, "field A has the tag `stream:\"\"` and is a string"},
		"not exported": {struct {
			deciding
			a eventcore.StreamID `stream:""`
		}{a: a}, "field a has the tag `stream:\"\"` and is not exported"},
		"a value": {struct {
			deciding
			A eventcore.StreamID `stream:"account"`
		}{A: a}, "field A: the tag `stream:\"account\"` takes no value"},
		"nil":          {none, "it is a nil pointer"},
		"no struct":    {deciding{}, "no field has the tag"},
		"not a struct": {number(1), "it is not a struct"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				_, err := eventcore.Tagged(tc.command)
				require.ErrorContains(t, err, tc.want)
				require.ErrorContains(t, err, "eventcore: command ")
			}
		})
	}
}

type number int

func (number) Apply(n int, _ eventcore.Event[scriptEvent]) int   { return n }
func (number) Handle(int) ([]eventcore.Emit[scriptEvent], error) { return nil, nil }

// taggedTrail is a tagged command that discovers streams and keeps its state.
type taggedTrail struct {
	*trailing
	Of eventcore.StreamID `stream:""`
}

func TestATaggedCommandIsWhatItIsBesides(t *testing.T) {
	store := memory.New(memory.Config{})
	write(t, store, "a", "", "b", "")
	write(t, store, "b", "")
	for _, want := range []eventcore.SnapshotUse{{Saved: true}, {Resumed: true}} {
		command, err := eventcore.Tagged[trail, scriptEvent](&taggedTrail{&trailing{}, ids("a")[0]})
		require.NoError(t, err)
		done, err := eventcore.Execute(t.Context(), store, command, eventcore.WithCodec(trailCodec()), eventcore.WithSnapshots(store, 4))
		require.NoError(t, err)
		require.Equal(t, []eventcore.StreamVersion{{Stream: ids("a")[0], Version: 3}, {Stream: ids("b")[0], Version: 1}}, done.Read)
		require.Equal(t, want, done.Snapshot)
	}
}

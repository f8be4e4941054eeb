package eventcore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// wanderer discovers streams without end, some at a time.
type wanderer struct {
	declared []eventcore.StreamID
	step     int
	until    int
	found    []eventcore.StreamID
}

func (w *wanderer) Streams() []eventcore.StreamID { return w.declared }

func (w *wanderer) Apply(state int, _ eventcore.Event[bankEvent]) int { return state }

func (w *wanderer) Handle(int) ([]eventcore.Emit[bankEvent], error) { return nil, nil }

func (w *wanderer) Discover(int) []eventcore.StreamID {
	for range w.step {
		if w.until == 0 || len(w.found)+len(w.declared) < w.until {
			w.found = append(w.found, numbered(len(w.found)))
		}
	}
	return w.found
}

func numbered(n int) eventcore.StreamID { return eventcore.MustStreamID(fmt.Sprint("n", n)) }

func TestADiscovererThatNeverStopsIsStopped(t *testing.T) {
	for _, tc := range []struct {
		name        string
		step, until int
		stopped     bool
	}{
		{"a thousand at a time", 1000, 0, true},
		{"all at once", 3 * eventcore.MaxStreams, 0, true},
		{"exactly the limit", 1000, eventcore.MaxStreams, false},
		{"one more", 1000, eventcore.MaxStreams + 1, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			command := &wanderer{declared: []eventcore.StreamID{streamA}, step: tc.step, until: tc.until}
			executed, err := eventcore.Execute(t.Context(), memory.New(memory.Config{}), command, eventcore.WithCodec(bankRegistry(t)))
			if !tc.stopped {
				require.NoError(t, err)
				require.Len(t, executed.Read, eventcore.MaxStreams)
				return
			}
			require.ErrorContains(t, err, "execute *eventcore_test.wanderer: it discovers more than 10000 streams, the last \"n")
			require.Equal(t, eventcore.OutcomeNotApplied, executed.Outcome)
			require.LessOrEqual(t, len(executed.Read), eventcore.MaxStreams)
		})
	}
}

func TestTooManyDeclaredStreamsAreRefused(t *testing.T) {
	command := &wanderer{}
	for n := range eventcore.MaxStreams {
		command.declared = append(command.declared, numbered(n))
	}
	_, err := eventcore.NewMachine(command, eventcore.WithCodec(bankRegistry(t)))
	require.NoError(t, err)
	command.declared = append(command.declared, streamA)
	_, err = eventcore.NewMachine(command, eventcore.WithCodec(bankRegistry(t)))
	require.ErrorContains(t, err, "*eventcore_test.wanderer: it declares 10001 streams; at most 10000")
}

// TestManyStreamsAreEachReadOnce goes beyond where the search for a known stream changes
// from a list to a map, in a second attempt too.
func TestManyStreamsAreEachReadOnce(t *testing.T) {
	attempts := 0
	command := &wanderer{declared: []eventcore.StreamID{streamA}, step: 7, until: 41}
	store := &hookedStore{Store: memory.New(memory.Config{}), beforeAppend: func(w eventcore.Writes) error {
		require.Len(t, w.Participants(), 41)
		command.found = nil // the next attempt too must find its streams some at a time
		if attempts++; attempts < 3 {
			return conflictOn(w)
		}
		return nil
	}}
	executed, err := eventcore.Execute(t.Context(), store, command,
		eventcore.WithCodec(bankRegistry(t)), eventcore.WithClock(newVirtualClock()))
	require.NoError(t, err)
	require.Len(t, store.reads, 3*41)
	seen := map[eventcore.StreamID]bool{}
	for i, at := range executed.Read {
		require.False(t, seen[at.Stream])
		seen[at.Stream] = true
		require.Equal(t, at.Stream, store.reads[2*41+i])
	}
	require.Len(t, seen, 41)
}

func TestAMachineThatIsDrivenWronglySaysSo(t *testing.T) {
	newMachine := func() *eventcore.Machine[int, bankEvent] {
		m, err := eventcore.NewMachine(&withdraw{from: []eventcore.StreamID{streamA}}, eventcore.WithCodec(bankRegistry(t)))
		require.NoError(t, err)
		return m
	}
	m := newMachine()
	require.Equal(t, eventcore.EffectRead, m.Next().Kind)
	require.PanicsWithValue(t, `eventcore: Machine.AppendEnded was called where "read" is to be done; see Next`,
		func() { m.AppendEnded(eventcore.Appended{}, nil) })
	require.Panics(t, func() { m.Slept(nil) })
	m.ReadEnded(nil)
	require.Equal(t, eventcore.EffectAppend, m.Next().Kind)
	require.PanicsWithValue(t, `eventcore: Machine.ReadEnded was called where "append" is to be done; see Next`,
		func() { m.ReadEnded(nil) })
	late := eventcore.Recorded{Stream: streamA, Version: 1, Type: "deposited", Data: []byte(`{"amount":1}`)}
	require.False(t, m.Fold(&late), "an event after the end of its read is not folded")
	m.AppendEnded(eventcore.Appended{}, conflictOn(m.Next().Writes))
	require.Equal(t, eventcore.EffectSleep, m.Next().Kind)
	require.Panics(t, func() { m.AppendEnded(eventcore.Appended{}, nil) })
	m.Slept(nil)
	require.True(t, m.Fold(&late))
	m.ReadEnded(errScript)
	require.Equal(t, eventcore.EffectDone, m.Next().Kind)
	require.False(t, m.Fold(&late))
	require.NotPanics(t, func() { m.ReadEnded(nil) })
	require.Equal(t, errScript, m.Next().Err)
}

package eventcore_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// TestIDsGrowWhateverTheClockDoes moves the clock to and fro between IDs.
func TestIDsGrowWhateverTheClockDoes(t *testing.T) {
	step := rapid.OneOf(rapid.Just(0), rapid.IntRange(-5, 5), rapid.IntRange(-1_000_000_000, 1_000_000_000))
	rapid.Check(t, func(t *rapid.T) {
		clock := newVirtualClock()
		ids := eventcore.NewIDGenerator(clock, fixedRandom())
		var last eventcore.EventID
		highest := int64(0)
		for range rapid.IntRange(1, 50).Draw(t, "moves") {
			clock.now = clock.now.Add(time.Duration(step.Draw(t, "ms")) * time.Millisecond)
			highest = max(highest, clock.now.UnixMilli())
			// More than the counter holds in some of the rounds.
			for range rapid.SampledFrom([]int{1, 2, 5000}).Draw(t, "count") {
				id := ids.NewEventID()
				if bytes.Compare(id[:], last[:]) <= 0 {
					t.Fatalf("%s then %s", last, id)
				}
				last = id
			}
			requireVersion7(t, last)
			require.GreaterOrEqual(t, milliseconds(last), highest)
			require.LessOrEqual(t, milliseconds(last), highest+50*5000/4096+1)
		}
	})
}

// TestACounterThatIsFullCarriesIntoTheTime draws more IDs than 12 bits count, of a clock
// that stands still and then goes back.
func TestACounterThatIsFullCarriesIntoTheTime(t *testing.T) {
	clock := newVirtualClock()
	start := clock.now.UnixMilli()
	ids := eventcore.NewIDGenerator(clock, fixedRandom())
	var last eventcore.EventID
	for n := range int64(10_000) {
		id := ids.NewEventID()
		requireVersion7(t, id)
		require.Negative(t, bytes.Compare(last[:], id[:]), "%s then %s", last, id)
		require.Equal(t, start+n/4096, milliseconds(id))
		last = id
		if n == 5000 {
			clock.now = clock.now.Add(-time.Hour)
		}
	}
}

func TestIDsCarryTheClocksTime(t *testing.T) {
	clock := newVirtualClock()
	ids := eventcore.NewIDGenerator(clock, fixedRandom())
	for range 100 {
		require.Equal(t, clock.now.UnixMilli(), milliseconds(ids.NewEventID()))
		clock.now = clock.now.Add(time.Millisecond)
	}
}

func TestIDsStandATimeTheyCannotHold(t *testing.T) {
	clock := &virtualClock{} // the year 1
	ids := eventcore.NewIDGenerator(clock, fixedRandom())
	before := ids.NewEventID()
	requireVersion7(t, before)
	require.Zero(t, milliseconds(before))
	clock.now = time.UnixMilli(5)
	after := ids.NewEventID()
	require.EqualValues(t, 5, milliseconds(after))
}

func TestIDsDependOnTheirSourcesAlone(t *testing.T) {
	one, two := newIDs(), newIDs()
	seen := map[eventcore.EventID]bool{}
	for range 1000 {
		id := one.NewEventID()
		require.Equal(t, id, two.NewEventID())
		require.False(t, seen[id])
		seen[id] = true
	}
}

func requireVersion7(t require.TestingT, id eventcore.EventID) {
	require.EqualValues(t, 7, id.Version())
	require.Equal(t, uuid.RFC4122, id.Variant())
}

func milliseconds(id eventcore.EventID) int64 {
	var ms int64
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return ms
}

func BenchmarkNewEventID(b *testing.B) {
	ids := newIDs()
	b.ReportAllocs()
	for b.Loop() {
		ids.NewEventID()
	}
}

package postgres_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestAppendTakesOneRoundTrip(t *testing.T) {
	w, _, s := wired(t, server.DSN(t), 1)
	type step struct {
		name string
		add  func()
	}
	steps := func(a, b eventcore.StreamID) []step {
		return []step{
			{"one event", func() { appendTo(t, s, 0, 1, a) }},
			{"three events", func() { appendTo(t, s, 0, 3, b) }},
			{"two streams", func() {
				w := batch(t, 1, 1, a)
				require.NoError(t, w.Expect(b, 3))
				_, err := s.Append(t.Context(), w)
				require.NoError(t, err)
			}},
			{"many events", func() { appendTo(t, s, 2, 100, a) }},
			{"check only", func() { appendTo(t, s, 102, 0, a) }},
			{"conflict", func() {
				_, err := s.Append(t.Context(), batch(t, 77, 1, a))
				require.ErrorIs(t, err, eventcore.ErrVersionConflict)
			}},
		}
	}
	// Each statement is prepared when it is first used.
	for _, c := range steps(eventcore.MustStreamID("a"), eventcore.MustStreamID("b")) {
		c.add()
	}
	for _, c := range steps(eventcore.MustStreamID("c"), eventcore.MustStreamID("d")) {
		// What is written after an answer was read is one more round trip.
		trips, reading := 0, true
		w.set(func() error {
			if reading {
				trips++
			}
			reading = false
			return nil
		}, func() error {
			reading = true
			return nil
		})
		c.add()
		w.set(nil, nil)
		require.Equal(t, 1, trips, c.name)
	}
}

func TestClientsThatCrossEachOtherDoNotDeadlock(t *testing.T) {
	s := open(t, server.DSN(t), postgres.Config{})
	const rounds = 50
	streams := []eventcore.StreamID{eventcore.MustStreamID("a"), eventcore.MustStreamID("b"), eventcore.MustStreamID("c")}
	var group sync.WaitGroup
	for client := range 6 {
		// Each orders the streams in another way, and reads one that others write to.
		x, y, z := streams[client%3], streams[(client+1+client/3)%3], streams[(client+2-client/3)%3]
		group.Go(func() {
			for done := 0; done < rounds; {
				var w eventcore.Writes
				for _, id := range []eventcore.StreamID{x, y, z} {
					if err := w.Expect(id, eventcore.Version(len(stream(t, s, id)))); err != nil {
						t.Error(err)
					}
				}
				for _, id := range []eventcore.StreamID{x, y} {
					if err := w.Append(id, proposed("x", "1")); err != nil {
						t.Error(err)
					}
				}
				_, err := s.Append(t.Context(), w)
				if conflict, ok := err.(*eventcore.VersionConflict); ok {
					if conflict.ActualUnknown {
						t.Error("the server broke a deadlock or a cycle: ", err)
					}
					continue
				}
				if err != nil {
					t.Error(err)
				}
				done++
			}
		})
	}
	group.Wait()
	require.Len(t, global(t, s), 6*rounds*2)
}

// TestAReadOnlyParticipantIsCheckedOnceTheLockIsThere has an append wait for one that moves a
// stream which it only reads: what it checks must be what that has left.
func TestAReadOnlyParticipantIsCheckedOnceTheLockIsThere(t *testing.T) {
	// A batch of few events has another statement than one of many.
	for _, events := range []int{1, 20} {
		dsn := server.DSN(t)
		s := open(t, dsn, postgres.Config{})
		holder, key := holdBack(t, dsn)
		read := eventcore.MustStreamID("slow")
		moves, reads := batch(t, 0, 1, read), batch(t, 0, events, eventcore.MustStreamID("b"))
		require.NoError(t, reads.Expect(read, 0))
		add := func(w eventcore.Writes, waits int) chan error {
			result := make(chan error, 1)
			go func() {
				_, err := s.Append(t.Context(), w)
				result <- err
			}()
			wait(t, dsn, waits)
			return result
		}
		first := add(moves, 1)
		second := add(reads, 2)
		run(t, holder, "SELECT pg_advisory_unlock("+key+")")
		require.NoError(t, <-first)
		require.Equal(t, &eventcore.VersionConflict{Stream: read, Actual: 1}, <-second)
		require.Equal(t, []uint64{1}, global(t, s))
	}
}

func TestRecordedTimeIsTheClocksInMicroseconds(t *testing.T) {
	at := time.Date(2031, 2, 3, 4, 5, 6, 123_456_789, time.FixedZone("x", 3600))
	s := open(t, server.DSN(t), postgres.Config{Clock: fixedClock{at: at}})
	id := eventcore.MustStreamID("a")
	appendTo(t, s, 0, 1, id)
	require.Equal(t, at.UTC().Truncate(time.Microsecond), stream(t, s, id)[0].RecordedAt)
}

type fixedClock struct {
	eventcore.SystemClock
	at time.Time
}

func (c fixedClock) Now() time.Time { return c.at }

func TestATypeThatIsNoTextIsRefusedByName(t *testing.T) {
	s := open(t, server.DSN(t), postgres.Config{})
	for _, kind := range []string{"a\x00b", "\xff"} {
		var w eventcore.Writes
		id := eventcore.MustStreamID("a")
		require.NoError(t, w.Expect(id, 0))
		require.NoError(t, w.Append(id, proposed(kind, "1")))
		_, err := s.Append(t.Context(), w)
		require.ErrorContains(t, err, "is not a text that PostgreSQL can hold")
		require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
		for range s.ReadAll(t.Context(), eventcore.Filter{Types: []string{kind}}, eventcore.Position{}, 0) {
			require.Fail(t, "no event has such a type")
		}
	}
}

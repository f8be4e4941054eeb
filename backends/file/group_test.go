package file_test

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// errPanicked stands for the panic of an append.
var errPanicked = errors.New("panicked")

// grouped is a store on a disk, whose appends are to be in one group.
type grouped struct {
	*testing.T
	disk  *disk.Disk
	store *file.Store
	// before is called before each operation of the disk, with its name, once the group has
	// begun.
	before func(op string)
}

// inGroups calls test with a store, where goroutines wait for one another without any time
// passing.
func inGroups(t *testing.T, cfg file.Config, test func(g *grouped)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := &grouped{T: t, disk: disk.New(disk.Config{})}
		cfg.FS = g.disk.FS()
		s, err := file.Open(t.Context(), "", cfg)
		require.NoError(t, err)
		g.store = s
		test(g)
		g.disk.SetPoint(nil)
		require.NoError(t, s.Close())
		require.NotContains(t, g.disk.List(), "state/group")
	})
}

// result is what an append came to.
type result struct {
	eventcore.Appended
	err error
}

// request is an append to be.
type request struct {
	ctx    context.Context //nolint:containedctx // it is that of one call
	writes eventcore.Writes
}

// run is runBehind an append to the stream first.
func (g *grouped) run(others ...request) []result {
	g.Helper()
	return g.runBehind("first", others...)
}

// runBehind holds up an append to a stream in its sync of the directory while others come, in
// their order, which are in one group then. It returns what came of those.
func (g *grouped) runBehind(first string, others ...request) []result {
	g.Helper()
	inside, goOn := make(chan struct{}), make(chan struct{})
	held := false
	g.disk.SetPoint(func(op string) {
		switch {
		case !held && op == "disk: sync directory events":
			held = true
			close(inside)
			<-goOn
		case held && g.before != nil:
			g.before(strings.TrimPrefix(op, "disk: "))
		}
	})
	before := make(chan error, 1)
	go func() {
		_, err := g.store.Append(g.Context(), batch(g.T, 0, 1, eventcore.MustStreamID(first)))
		before <- err
	}()
	<-inside
	results := make([]result, len(others))
	var all sync.WaitGroup
	for i, o := range others {
		results[i].err = errPanicked
		all.Go(func() {
			defer func() { _ = recover() }() // the result says so
			done, err := g.store.Append(o.ctx, o.writes)
			results[i] = result{done, err}
		})
		synctest.Wait()
	}
	close(goOn)
	all.Wait()
	require.NoError(g, <-before)
	return results
}

// to asks for an append of one event to each of the streams, whose version that is.
func (g *grouped) to(version eventcore.Version, streams ...string) request {
	g.Helper()
	var ids []eventcore.StreamID
	for _, name := range streams {
		ids = append(ids, eventcore.MustStreamID(name))
	}
	return request{g.Context(), batch(g.T, version, 1, ids...)}
}

// each asks for an append of one event for each of the streams.
func (g *grouped) each(streams ...string) (all []request) {
	g.Helper()
	for _, name := range streams {
		all = append(all, g.to(0, name))
	}
	return all
}

// names returns the streams of the global order, and checks that it is the same, with all
// that belongs to the events, in a store that reads the directory anew.
func (g *grouped) names() (names []string) {
	g.Helper()
	all := global(g.T, g.store)
	d := g.disk.Clone()
	d.SetPoint(nil)
	d.Crash(disk.Loss{})
	again, err := file.Open(context.Background(), "", file.Config{FS: d.FS()})
	require.NoError(g, err)
	require.Equal(g, all, global(g.T, again))
	require.NoError(g, again.Close())
	for _, e := range all {
		names = append(names, e.Stream.String())
	}
	return names
}

// outcomes returns the outcome of each append.
func outcomes(results []result) (all []eventcore.Outcome) {
	for _, r := range results {
		all = append(all, eventcore.OutcomeOf(r.err))
	}
	return all
}

const (
	applied    = eventcore.OutcomeApplied
	notApplied = eventcore.OutcomeNotApplied
	unknown    = eventcore.OutcomeUnknown
)

func TestAppendsThatWaitShareTheSyncOfTheDirectory(t *testing.T) {
	for name, c := range map[string]struct {
		cfg   file.Config
		syncs int
	}{
		"together":   {file.Config{}, 1},
		"in twos":    {file.Config{MaxGroup: 2}, 2},
		"one by one": {file.Config{MaxGroup: 1}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			inGroups(t, c.cfg, func(g *grouped) {
				syncs := 0
				g.before = func(op string) {
					if op == "sync directory events" {
						syncs++
					}
				}
				results := g.run(g.to(0, "a"), g.to(0, "b", "c"), g.to(1, "a"), g.to(0, "d"))
				require.Equal(t, c.syncs, syncs)
				for i, want := range [][]eventcore.StreamVersion{
					{{Stream: eventcore.MustStreamID("a"), Version: 1}},
					{{Stream: eventcore.MustStreamID("b"), Version: 1}, {Stream: eventcore.MustStreamID("c"), Version: 1}},
					{{Stream: eventcore.MustStreamID("a"), Version: 2}},
					{{Stream: eventcore.MustStreamID("d"), Version: 1}},
				} {
					require.NoError(t, results[i].err)
					require.Equal(t, want, results[i].Streams)
					require.Equal(t, eventcore.NewPosition(0, []uint64{2, 4, 5, 6}[i]), results[i].Last)
				}
				require.Equal(t, []string{"first", "a", "b", "c", "a", "d"}, g.names())
			})
		})
	}
}

// The files of a group are synced before any of them has its place, and so is the journal.
func TestAllFilesOfAGroupAreSyncedBeforeOneHasItsPlace(t *testing.T) {
	inGroups(t, file.Config{}, func(g *grouped) {
		var story []string
		g.before = func(op string) {
			for _, kind := range []string{"sync tmp/0", "sync state/group", "rename events/", "sync directory events"} {
				if strings.HasPrefix(op, kind) {
					story = append(story, kind)
				}
			}
		}
		require.Equal(t, []eventcore.Outcome{applied, applied, applied}, outcomes(g.run(g.each("a", "b", "c")...)))
		require.Equal(t, []string{"sync tmp/0 ×3", "sync state/group ×1", "rename events/ ×3", "sync directory events ×1"}, counted(story))
	})
}

// counted counts what comes several times.
func counted(ops []string) (story []string) {
	for i, n := 0, 0; i < len(ops); i++ {
		n++
		if i == len(ops)-1 || ops[i+1] != ops[i] {
			story, n = append(story, fmt.Sprintf("%s ×%d", ops[i], n)), 0
		}
	}
	return story
}

func TestAConflictInAGroupIsThatOfOneAppend(t *testing.T) {
	inGroups(t, file.Config{}, func(g *grouped) {
		var check eventcore.Writes
		require.NoError(t, check.Expect(eventcore.MustStreamID("same"), 1))
		results := g.run(g.to(0, "a"), g.to(0, "same"), g.to(0, "b", "same"), g.to(1, "same"), g.to(0, "same"), request{g.Context(), check}, g.to(0, "b"))
		for i, want := range []eventcore.Version{2: 1, 4: 2, 5: 2, 6: 0} {
			if want == 0 {
				require.NoError(t, results[i].err, i)
				continue
			}
			conflict, ok := errors.AsType[*eventcore.VersionConflict](results[i].err)
			require.True(t, ok, "%d: %v", i, results[i].err)
			require.Equal(t, want, conflict.Actual)
		}
		require.Equal(t, []string{"first", "a", "same", "same", "b"}, g.names())
	})
}

func TestAnAppendOfNothingSeesWhatItsGroupLeaves(t *testing.T) {
	inGroups(t, file.Config{}, func(g *grouped) {
		var check eventcore.Writes
		require.NoError(t, check.Expect(eventcore.MustStreamID("a"), 1))
		results := g.run(g.to(0, "a"), request{g.Context(), check}, g.to(0, "b"))
		require.Equal(t, []eventcore.Outcome{applied, applied, applied}, outcomes(results))
		require.Zero(t, results[1].Appended)
		require.Equal(t, []string{"first", "a", "b"}, g.names())
	})
}

func TestAnIDThatComesTwiceInAGroupRefusesOne(t *testing.T) {
	same := uuid.Must(uuid.NewV7())
	ids := &listed{[]eventcore.EventID{uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), same, same, uuid.Must(uuid.NewV7())}}
	inGroups(t, file.Config{IDs: ids}, func(g *grouped) {
		results := g.run(g.each("a", "b", "c")...)
		require.Equal(t, []eventcore.Outcome{applied, notApplied, applied}, outcomes(results))
		require.ErrorContains(t, results[1].err, "has made the ID of this append before")
		require.Equal(t, []string{"first", "a", "c"}, g.names())
	})
}

func TestAContextThatEndsHarmsNoneOfItsGroup(t *testing.T) {
	for i, name := range []string{"that of the leader", "that of another"} {
		t.Run(name, func(t *testing.T) {
			inGroups(t, file.Config{}, func(g *grouped) {
				ctx, cancel := context.WithCancel(g.Context())
				others := g.each("a", "b", "c")
				others[i].ctx = ctx
				g.before = func(op string) {
					if op == "sync state/group" {
						cancel()
						time.Sleep(time.Second) // until the group was told
					}
				}
				results := g.run(others...)
				want := []eventcore.Outcome{applied, applied, applied}
				want[i] = notApplied
				require.Equal(t, want, outcomes(results))
				require.ErrorIs(t, results[i].err, context.Canceled)
				require.Equal(t, append([]string{"first"}, [][]string{{"b", "c"}, {"a", "c"}}[i]...), g.names())
			})
		})
	}
}

// failing lets the n-th operation of a kind on a path that begins so fail, of those that the
// group makes.
func (g *grouped) failing(kind disk.Kind, prefix string, n int) {
	begun := false
	g.before = func(string) { begun = true }
	g.disk.SetFault(func(op disk.Op) disk.Fault {
		if begun && op.Kind == kind && strings.HasPrefix(op.Path, prefix) {
			if n--; n == 0 {
				return disk.EIO
			}
		}
		return disk.NoFault
	})
}

func TestAFaultBeforeTheFirstPlaceHarmsNobodyElse(t *testing.T) {
	for _, c := range []struct {
		kind   disk.Kind
		prefix string
		n      int
	}{
		{disk.OpWrite, "tmp/", 2},
		{disk.OpSync, "tmp/", 2},
		{disk.OpSync, "state/group", 1},
		{disk.OpWrite, "state/group", 1},
		{disk.OpOpen, "state/group", 1},
		{disk.OpSyncDir, "state", 1},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			inGroups(t, file.Config{}, func(g *grouped) {
				g.failing(c.kind, c.prefix, c.n)
				require.Equal(t, []eventcore.Outcome{applied, applied, applied}, outcomes(g.run(g.each("a", "b", "c")...)))
				g.disk.SetFault(nil)
				require.Equal(t, []string{"first", "a", "b", "c"}, g.names())
				// And the next group does not believe the journal of this one.
				require.Equal(t, []eventcore.Outcome{applied, applied}, outcomes(g.runBehind("again", g.each("d", "e")...)))
				require.Equal(t, []string{"first", "a", "b", "c", "again", "d", "e"}, g.names())
			})
		})
	}
}

func TestAPlaceThatIsNotGivenLeavesThoseBehindItUndone(t *testing.T) {
	for _, failures := range []int{1, 2, 3} {
		inGroups(t, file.Config{}, func(g *grouped) {
			g.failing(disk.OpRename, "events/", failures)
			results := g.run(g.to(0, "a"), g.to(0, "b"), g.to(7, "b"), g.to(0, "c"))
			g.disk.SetFault(nil)
			want := []eventcore.Outcome{notApplied, notApplied, notApplied, notApplied}
			for i, at := range []int{0, 1, 3} {
				if i < failures {
					want[at] = unknown
				}
			}
			require.Equal(t, want, outcomes(results))
			_, conflict := errors.AsType[*eventcore.VersionConflict](results[2].err)
			require.False(t, conflict, "it was judged by an append that nobody knows of")
			// The next append settles it.
			_, err := g.store.Append(g.Context(), g.to(0, "d").writes)
			require.NoError(t, err)
			require.Equal(t, append(append([]string{"first"}, []string{"a", "b", "c"}[:failures-1]...), "d"), g.names())
		})
	}
}

func TestADirectoryThatIsNotSyncedLeavesItsGroupUnknown(t *testing.T) {
	inGroups(t, file.Config{}, func(g *grouped) {
		g.failing(disk.OpSyncDir, "events", 1)
		results := g.run(g.to(0, "a"), g.to(0, "b"), g.to(0, "a"), g.to(0, "c"))
		require.Equal(t, []eventcore.Outcome{unknown, unknown, notApplied, unknown}, outcomes(results))
		require.Len(t, global(t, g.store), 1, "nobody reads what may be lost")
		_, err := g.store.Append(g.Context(), g.to(0, "d").writes)
		require.NoError(t, err)
		require.Equal(t, []string{"first", "a", "b", "c", "d"}, g.names())
	})
}

// A caller that is ended by a panic leaves those of its group unknown.
func TestAPanicAcknowledgesNothing(t *testing.T) {
	inGroups(t, file.Config{}, func(g *grouped) {
		planted := false
		g.before = func(op string) {
			if op == "sync directory events" && !planted {
				planted = true
				panic("planted")
			}
		}
		results := g.run(g.to(0, "a"), g.to(0, "b"), g.to(0, "b"))
		require.ErrorIs(t, results[0].err, errPanicked)
		for _, r := range results[1:] {
			require.Equal(t, unknown, eventcore.OutcomeOf(r.err))
		}
		_, err := g.store.Append(g.Context(), g.to(0, "d").writes)
		require.NoError(t, err)
		require.Equal(t, []string{"first", "a", "b", "d"}, g.names())
	})
}

func TestAStoreThatIsClosedTurnsAwayThoseWhoWait(t *testing.T) {
	inGroups(t, file.Config{}, func(g *grouped) {
		closed := make(chan error, 1)
		inside, goOn := make(chan struct{}), make(chan struct{})
		g.disk.SetPoint(func(op string) {
			if op == "disk: sync directory events" {
				close(inside)
				<-goOn
			}
		})
		results := make(chan error, 2)
		for _, name := range []string{"a", "b"} {
			go func() {
				_, err := g.store.Append(g.Context(), g.to(0, name).writes)
				results <- err
			}()
			synctest.Wait()
		}
		<-inside
		go func() { closed <- g.store.Close() }()
		err := <-results
		require.ErrorIs(t, err, file.ErrClosed)
		require.Equal(t, notApplied, eventcore.OutcomeOf(err))
		close(goOn)
		require.NoError(t, <-results)
		require.NoError(t, <-closed)
		for _, name := range g.disk.List() {
			require.NotEqual(t, "state/group", name)
			require.NotEqual(t, "tmp", path.Dir(name))
		}
	})
}

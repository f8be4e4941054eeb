package file_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// losses are the ways in which a machine may crash.
func losses(seed uint64) map[string]disk.Loss {
	random := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
	return map[string]disk.Loss{
		"power, all that is not synced": {},
		"power, some":                   {Random: random(1)},
		"power, some in any order":      {Random: random(2), Reorder: true},
		"process":                       {KeepAll: true},
	}
}

var streams = []eventcore.StreamID{eventcore.MustStreamID("a"), eventcore.MustStreamID("b")}

// told is what a client knows of its appends.
type told struct {
	applied, unknown int
}

// story opens a store and appends batches of three events, one to a and two to b, until
// something fails. It returns what the client was told.
func story(d *disk.Disk, fsync file.FsyncPolicy, from int) (told, error) {
	s, err := file.Open(context.Background(), "", file.Config{FS: d.FS(), Fsync: fsync})
	if err != nil {
		return told{}, err
	}
	var t told
	for n := range 3 {
		_, err := s.Append(context.Background(), next(from+n))
		switch eventcore.OutcomeOf(err) {
		case eventcore.OutcomeApplied:
			t.applied++
		case eventcore.OutcomeUnknown:
			t.unknown++
			return t, err
		default:
			return t, err
		}
	}
	return t, s.Close()
}

// next is the batch that follows n others of its kind: three events, one for a and two for
// b.
func next(n int) eventcore.Writes {
	var w eventcore.Writes
	for i, id := range streams {
		err := w.Expect(id, eventcore.Version(n*(i+1)))
		for range i + 1 {
			err = errors.Join(err, w.Append(id, proposed("x", fmt.Sprint(n))))
		}
		if err != nil {
			panic(err)
		}
	}
	return w
}

// oneMore appends the batch that follows n others.
func oneMore(t *testing.T, s *file.Store, n int) error {
	t.Helper()
	_, err := s.Append(t.Context(), next(n))
	return err
}

// whole returns the number of batches in a store, which are there as a whole.
func whole(t *testing.T, s *file.Store) int {
	t.Helper()
	all := global(t, s)
	require.Zero(t, len(all)%3, "half an append is there")
	require.Len(t, stream(t, s, streams[0]), len(all)/3)
	require.Len(t, stream(t, s, streams[1]), len(all)/3*2)
	return len(all) / 3
}

// TestAppendsAreThereOrNotWhereverTheMachineCrashes lets the machine crash at each
// operation of the disk in turn, opens the store again, lets it crash there too, and
// compares with what the client was told.
func TestAppendsAreThereOrNotWhereverTheMachineCrashes(t *testing.T) {
	crashes, again := 0, 0
	for seed := range uint64(5) {
		for name, loss := range losses(seed) {
			for at := 1; ; at++ {
				d, crashed := crashAt(at, loss)
				before, _ := story(d, file.FsyncAlways, 0)
				if !*crashed {
					break
				}
				crashes++
				label := fmt.Sprintf("%s, seed %d, operation %d", name, seed, at)
				// A crash while the store recovers changes nothing.
				for second := 1; second < 20; second += 3 {
					*crashed = false
					recovered := count(d, second, loss)
					if !recovered {
						again++
					}
				}
				s := open(t, "", file.Config{FS: d.FS()})
				found := whole(t, s)
				require.GreaterOrEqual(t, found, before.applied, "%s: an acknowledged append is lost", label)
				require.LessOrEqual(t, found, before.applied+before.unknown+inFlight(before), label)
				for _, id := range streams {
					all := stream(t, s, id)
					for i := range all {
						require.Equal(t, eventcore.Version(i+1), all[i].Version, label)
					}
				}
				require.NoError(t, s.Close())
				after, err := story(d, file.FsyncAlways, found)
				require.NoError(t, err, label)
				require.Equal(t, 3, after.applied, label)
			}
		}
	}
	require.Greater(t, crashes, 200)
	require.Greater(t, again, 100)
}

// inFlight is the append that was under way when the machine crashed: nobody was told.
func inFlight(t told) int {
	if t.applied < 3 && t.unknown == 0 {
		return 1
	}
	return 0
}

// crashAt returns a disk that crashes at its n-th operation.
func crashAt(n int, loss disk.Loss) (*disk.Disk, *bool) {
	var d *disk.Disk
	crashed, done := false, 0
	d = disk.New(disk.Config{Point: func(string) {
		if done++; done == n && !crashed {
			crashed = true
			d.Crash(loss)
		}
	}})
	return d, &crashed
}

// count opens the store and lets the machine crash at the n-th operation of that. It
// says whether the store was opened before.
func count(d *disk.Disk, n int, loss disk.Loss) bool {
	d.SetPoint(func() func(string) {
		done := 0
		return func(string) {
			if done++; done == n {
				d.Crash(loss)
			}
		}
	}())
	defer d.SetPoint(nil)
	s, err := file.Open(context.Background(), "", file.Config{FS: d.FS()})
	if err != nil {
		return false
	}
	return s.Close() == nil
}

// TestAFailingDiskIsTold lets each operation of the disk fail in turn, once or from then
// on, then crashes the machine and compares with what the client was told.
func TestAFailingDiskIsTold(t *testing.T) {
	outcomes := map[eventcore.Outcome]int{}
	for _, fault := range []disk.Fault{disk.EIO, disk.ENOSPC} {
		for _, forEver := range []bool{false, true} {
			for at := 1; ; at++ {
				done, fired, failing := 0, false, true
				d := disk.New(disk.Config{Fault: func(disk.Op) disk.Fault {
					if done++; failing && (done == at || forEver && done > at) {
						fired = true
						return fault
					}
					return disk.NoFault
				}})
				s, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
				if err != nil {
					require.True(t, errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENOSPC), "%v", err)
					continue
				}
				opened := done
				applied, unknown := 0, 0
				for n := range 3 {
					_, err := s.Append(t.Context(), batch(t, eventcore.Version(n), 1, streams...))
					outcomes[eventcore.OutcomeOf(err)]++
					switch eventcore.OutcomeOf(err) {
					case eventcore.OutcomeApplied:
						applied++
					case eventcore.OutcomeUnknown:
						unknown++
					default:
					}
					if err != nil {
						break
					}
				}
				failing = false
				// What is not known is settled by the next append, and stays so.
				_, err = s.Append(t.Context(), batch(t, 99, 0, streams[0]))
				conflict, ok := errors.AsType[*eventcore.VersionConflict](err)
				require.True(t, ok, "%v", err)
				version := int(conflict.Actual)
				require.GreaterOrEqual(t, version, applied)
				require.LessOrEqual(t, version, applied+unknown)
				d.Crash(disk.Loss{})
				again := open(t, "", file.Config{FS: d.FS()})
				require.Len(t, stream(t, again, streams[0]), version, "fault %v at operation %d", fault, at)
				require.Len(t, stream(t, again, streams[1]), version)
				require.NoError(t, again.Close())
				if !fired && at > opened {
					break
				}
			}
		}
	}
	require.Positive(t, outcomes[eventcore.OutcomeUnknown])
	require.Positive(t, outcomes[eventcore.OutcomeNotApplied])
}

// skipping is a file system that leaves out one kind of sync, as a store would that forgot
// it.
type skipping struct {
	vfs.FS
	files, dirs bool
}

func (s skipping) SyncDir(name string) error {
	if s.dirs {
		return nil
	}
	return s.FS.SyncDir(name)
}

func (s skipping) OpenFile(name string, flag int) (vfs.File, error) {
	f, err := s.FS.OpenFile(name, flag)
	if s.files && err == nil {
		return unsynced{f}, nil
	}
	return f, err
}

type unsynced struct{ vfs.File }

func (unsynced) Sync() error { return nil }

func TestASyncThatIsForgottenShows(t *testing.T) {
	for name, c := range map[string]struct {
		skip skipping
		want error
	}{
		"of the directory": {skipping{dirs: true}, nil},
		"of the file":      {skipping{files: true}, file.ErrDamaged},
	} {
		d := disk.New(disk.Config{})
		c.skip.FS = d.FS()
		s, err := file.Open(t.Context(), "", file.Config{FS: c.skip})
		require.NoError(t, err)
		appendTo(t, s, 0, 1, streams...)
		d.Crash(disk.Loss{})
		again, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
		require.ErrorIs(t, err, c.want, name)
		if err == nil {
			require.Empty(t, global(t, again), name)
			require.NoError(t, again.Close())
		}
	}
}

// TestWhatNeverSyncsIsLostAndReported says what FsyncNever risks.
func TestWhatNeverSyncsIsLostAndReported(t *testing.T) {
	lost, reported := 0, 0
	for seed := range uint64(100) {
		d := disk.New(disk.Config{})
		before, err := story(d, file.FsyncNever, 0)
		require.NoError(t, err)
		d.Crash(disk.Loss{Random: rand.New(rand.NewPCG(seed, 0))})
		s, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
		if err != nil {
			require.ErrorIs(t, err, file.ErrDamaged)
			reported++
			continue
		}
		if whole(t, s) < before.applied {
			lost++
		}
		require.NoError(t, s.Close())
	}
	require.Positive(t, lost)
	require.Positive(t, reported)
	d := disk.New(disk.Config{})
	before, err := story(d, file.FsyncNever, 0)
	require.NoError(t, err)
	d.Crash(disk.Loss{KeepAll: true})
	require.Equal(t, before.applied, whole(t, open(t, "", file.Config{FS: d.FS()})), "the end of a process loses nothing")
}

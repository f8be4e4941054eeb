package disk_test

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

func create(tb testing.TB, d *disk.Disk, name string) *disk.File {
	tb.Helper()
	f, err := d.OpenFile(name, os.O_RDWR|os.O_CREATE)
	require.NoError(tb, err)
	return f
}

func put(tb testing.TB, f *disk.File, data string, at int64) {
	tb.Helper()
	n, err := f.WriteAt([]byte(data), at)
	require.NoError(tb, err)
	require.Equal(tb, len(data), n)
}

// content returns what a file holds, "-" if there is none.
func content(tb testing.TB, d *disk.Disk, name string) string {
	tb.Helper()
	f, err := d.OpenFile(name, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return "-"
	}
	require.NoError(tb, err)
	data, err := io.ReadAll(f)
	require.NoError(tb, err)
	return string(data)
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// TestWhatIsNotSyncedIsLost goes through the steps by which a program keeps a file, and
// cuts the power after each.
func TestWhatIsNotSyncedIsLost(t *testing.T) {
	steps := []struct {
		name  string
		do    func(t *testing.T, d *disk.Disk, f **disk.File)
		after map[string]string
	}{
		{"nothing", func(*testing.T, *disk.Disk, **disk.File) {}, map[string]string{"tmp": "-", "kept": "-"}},
		{"create", func(t *testing.T, d *disk.Disk, f **disk.File) { *f = create(t, d, "tmp") }, map[string]string{"tmp": "-", "kept": "-"}},
		{"write", func(t *testing.T, _ *disk.Disk, f **disk.File) { put(t, *f, "abc", 0) }, map[string]string{"tmp": "-", "kept": "-"}},
		{"sync", func(t *testing.T, _ *disk.Disk, f **disk.File) { require.NoError(t, (*f).Sync()) }, map[string]string{"tmp": "-", "kept": "-"}},
		{"sync directory", func(t *testing.T, d *disk.Disk, _ **disk.File) { require.NoError(t, d.SyncDir(".")) }, map[string]string{"tmp": "abc", "kept": "-"}},
		{"rename", func(t *testing.T, d *disk.Disk, _ **disk.File) { require.NoError(t, d.Rename("tmp", "kept")) }, map[string]string{"tmp": "abc", "kept": "-"}},
		{"sync directory again", func(t *testing.T, d *disk.Disk, _ **disk.File) { require.NoError(t, d.SyncDir(".")) }, map[string]string{"tmp": "-", "kept": "abc"}},
		{"write more", func(t *testing.T, _ *disk.Disk, f **disk.File) { put(t, *f, "ABCD", 0) }, map[string]string{"tmp": "-", "kept": "abc"}},
		{"truncate", func(t *testing.T, _ *disk.Disk, f **disk.File) { require.NoError(t, (*f).Truncate(2)) }, map[string]string{"tmp": "-", "kept": "abc"}},
		{"sync again", func(t *testing.T, _ *disk.Disk, f **disk.File) { require.NoError(t, (*f).Sync()) }, map[string]string{"tmp": "-", "kept": "AB"}},
		{"remove", func(t *testing.T, d *disk.Disk, _ **disk.File) { require.NoError(t, d.Remove("kept")) }, map[string]string{"tmp": "-", "kept": "AB"}},
		{"sync directory at last", func(t *testing.T, d *disk.Disk, _ **disk.File) { require.NoError(t, d.SyncDir(".")) }, map[string]string{"tmp": "-", "kept": "-"}},
	}
	for last := range steps {
		t.Run(steps[last].name, func(t *testing.T) {
			d := disk.New(disk.Config{})
			var f *disk.File
			for _, step := range steps[:last+1] {
				step.do(t, d, &f)
			}
			d.Crash(disk.Loss{})
			for name, want := range steps[last].after {
				require.Equal(t, want, content(t, d, name), name)
			}
		})
	}
}

func TestARenameBeforeTheSyncMayLeaveAnEmptyFile(t *testing.T) {
	d := disk.New(disk.Config{})
	f := create(t, d, "tmp")
	put(t, f, "abc", 0)
	require.NoError(t, d.Rename("tmp", "kept"))
	require.NoError(t, d.SyncDir("."))
	require.Equal(t, "abc", content(t, d, "kept"))
	d.Crash(disk.Loss{})
	require.Empty(t, content(t, d, "kept"))
}

func TestAProcessThatDiesLosesNothing(t *testing.T) {
	d := disk.New(disk.Config{})
	f := create(t, d, "a")
	put(t, f, "abc", 0)
	held, err := d.Lock("lock")
	require.NoError(t, err)
	d.Crash(disk.Loss{KeepAll: true})
	require.Equal(t, "abc", content(t, d, "a"))
	_, err = f.WriteAt([]byte("x"), 0)
	require.ErrorIs(t, err, disk.ErrCrashed)
	again, err := d.Lock("lock")
	require.NoError(t, err, "a dead process holds no lock")
	require.NoError(t, held.Close())
	_, err = d.Lock("lock")
	require.ErrorIs(t, err, vfs.ErrLocked, "the dead one's handle gave back the lock of the living")
	require.NoError(t, again.Close())
	_, err = d.Lock("lock")
	require.NoError(t, err)
	d.Crash(disk.Loss{})
	require.Equal(t, "-", content(t, d, "a"), "it was never durable")
}

func TestAFailedSyncForgets(t *testing.T) {
	fail := false
	d := disk.New(disk.Config{Fault: func(op disk.Op) disk.Fault {
		if fail && op.Kind == disk.OpSync {
			return disk.EIO
		}
		return disk.NoFault
	}})
	f := create(t, d, "a")
	require.NoError(t, d.SyncDir("."))
	put(t, f, "abc", 0)
	fail = true
	require.ErrorIs(t, f.Sync(), syscall.EIO)
	fail = false
	require.Equal(t, "abc", content(t, d, "a"), "the cache still has it")
	require.NoError(t, f.Sync(), "the pages count as clean")
	put(t, f, "D", 3)
	require.NoError(t, f.Sync())
	d.Crash(disk.Loss{})
	require.Equal(t, "\x00\x00\x00D", content(t, d, "a"))
	require.Equal(t, 1, d.Stats().Faults[disk.EIO])
}

func TestWritesAreTornAtSectors(t *testing.T) {
	torn := 0
	for seed := range uint64(200) {
		d := disk.New(disk.Config{})
		f := create(t, d, "a")
		old := make([]byte, 4*disk.SectorSize)
		put(t, f, string(old), 0)
		require.NoError(t, f.Sync())
		require.NoError(t, d.SyncDir("."))
		data := make([]byte, 2*disk.SectorSize)
		for i := range data {
			data[i] = 'x'
		}
		put(t, f, string(data), disk.SectorSize/2)
		d.Crash(disk.Loss{Random: seeded(seed)})
		got := content(t, d, "a")
		require.Len(t, got, len(old))
		kept := 0
		// The write touches a half sector, a whole one and a half one.
		for _, part := range [][2]int{{256, 512}, {512, 1024}, {1024, 1280}} {
			first := got[part[0]]
			for i := part[0]; i < part[1]; i++ {
				require.Equal(t, first, got[i], "sector torn at byte %d", i)
			}
			if first == 'x' {
				kept++
			}
		}
		if kept == 1 || kept == 2 {
			torn++
			require.Equal(t, 1, d.Stats().Torn)
		}
	}
	require.Greater(t, torn, 20)
}

func TestEntriesAreKeptInTheOrderOfTheJournal(t *testing.T) {
	states := map[string]int{}
	for _, reorder := range []bool{false, true} {
		clear(states)
		for seed := range uint64(100) {
			d := disk.New(disk.Config{})
			create(t, d, "a")
			create(t, d, "b")
			d.Crash(disk.Loss{Random: seeded(seed), Reorder: reorder})
			state := ""
			for _, name := range d.List() {
				state += name
			}
			states[state]++
		}
		require.Equal(t, reorder, states["b"] > 0, "b without a")
		require.Positive(t, states[""])
		require.Positive(t, states["a"])
		require.Positive(t, states["ab"])
	}
}

func TestFaultsFireAndAreCounted(t *testing.T) {
	var next disk.Fault
	d := disk.New(disk.Config{Capacity: 10, Fault: func(disk.Op) disk.Fault { return next }})
	f := create(t, d, "a")
	put(t, f, "12345678", 0)
	n, err := f.WriteAt([]byte("abcd"), 8)
	require.ErrorIs(t, err, syscall.ENOSPC, "the disk is full")
	require.Equal(t, 2, n)
	require.Equal(t, "12345678ab", content(t, d, "a"))

	next = disk.EIO
	n, err = f.WriteAt([]byte("ABCD"), 0)
	require.ErrorIs(t, err, syscall.EIO)
	require.Equal(t, 2, n)
	_, err = f.ReadAt(make([]byte, 1), 0)
	require.ErrorIs(t, err, syscall.EIO)
	require.ErrorIs(t, d.Rename("a", "b"), syscall.EIO)
	require.ErrorIs(t, d.SyncDir("."), syscall.EIO)
	next = disk.ShortRead
	n, err = f.ReadAt(make([]byte, 4), 0)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 2, n)
	require.Equal(t, "AB345678ab", content(t, d, "a"), "a reader that goes on gets all of it")
	next = disk.NoFault
	require.Equal(t, 4, d.Stats().Faults[disk.EIO])
	require.Equal(t, 3, d.Stats().Operations[disk.OpWrite])

	require.NoError(t, d.FlipBit("a", 0, 1))
	require.Equal(t, "CB345678ab", content(t, d, "a"))
	require.Error(t, d.FlipBit("a", 10, 0))
	require.Error(t, d.FlipBit("none", 0, 0))
}

func TestEveryOperationIsAPointAtWhichTheMachineMayCrash(t *testing.T) {
	var d *disk.Disk
	crash := ""
	points := []string{}
	d = disk.New(disk.Config{Point: func(name string) {
		points = append(points, name)
		if name == crash {
			d.Crash(disk.Loss{})
		}
	}})
	f := create(t, d, "dir-less")
	require.NoError(t, d.SyncDir("."))
	crash = "disk: write dir-less"
	_, err := f.WriteAt([]byte("x"), 0)
	require.ErrorIs(t, err, disk.ErrCrashed)
	require.Empty(t, content(t, d, "dir-less"))
	crash = "disk: rename b"
	require.ErrorIs(t, d.Rename("dir-less", "b"), disk.ErrCrashed)
	require.Equal(t, "-", content(t, d, "b"))
	require.Equal(t, []string{"disk: open dir-less", "disk: sync directory .", "disk: write dir-less"}, points[:3])
}

func TestDirectoriesAreAsOnAnyDisk(t *testing.T) {
	d := disk.New(disk.Config{})
	require.NoError(t, d.MkdirAll("x/y"))
	require.NoError(t, d.MkdirAll("x/y"))
	create(t, d, "x/b")
	create(t, d, "x/a")
	names, err := d.ReadDir("x")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "y/"}, names)
	_, err = d.OpenFile("none/a", os.O_CREATE|os.O_RDWR)
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = d.OpenFile("x/a", os.O_CREATE|os.O_EXCL|os.O_RDWR)
	require.ErrorIs(t, err, fs.ErrExist)
	_, err = d.OpenFile("x", os.O_RDONLY)
	require.ErrorIs(t, err, syscall.EISDIR)
	require.ErrorIs(t, d.MkdirAll("x/a/z"), syscall.ENOTDIR)
	_, err = d.ReadDir("none")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorIs(t, d.Remove("none"), fs.ErrNotExist)
	require.ErrorIs(t, d.Rename("none", "x/z"), fs.ErrNotExist)
	d.Crash(disk.Loss{})
	_, err = d.ReadDir("x")
	require.ErrorIs(t, err, fs.ErrNotExist, "nobody synced the root")
}

// TestWhatWasSyncedOutlivesEveryCrash does random things to a few files and remembers
// what a correct program may rely on.
func TestWhatWasSyncedOutlivesEveryCrash(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := disk.New(disk.Config{})
		names := []string{"a", "b", "c"}
		seen := map[string]string{}   // what programs see
		safe := map[string]string{}   // synced content, synced entry, not touched since
		synced := map[string]string{} // content that was synced, whatever the entry
		r.Repeat(map[string]func(*rapid.T){
			"write": func(r *rapid.T) {
				name := rapid.SampledFrom(names).Draw(r, "name")
				at := rapid.IntRange(0, 1500).Draw(r, "at")
				data := rapid.StringMatching(`[a-z]{1,40}`).Draw(r, "data")
				put(t, create(t, d, name), data, int64(at))
				buf := []byte(seen[name])
				for len(buf) < at+len(data) {
					buf = append(buf, 0)
				}
				copy(buf[at:], data)
				seen[name] = string(buf)
				delete(safe, name)
				delete(synced, name)
			},
			"sync": func(r *rapid.T) {
				name := rapid.SampledFrom(names).Draw(r, "name")
				require.NoError(r, create(t, d, name).Sync())
				if _, exists := seen[name]; !exists {
					seen[name] = ""
				}
				synced[name] = seen[name]
			},
			"sync directory": func(r *rapid.T) {
				require.NoError(r, d.SyncDir("."))
				clear(safe)
				maps.Copy(safe, synced)
			},
			"crash": func(r *rapid.T) {
				loss := disk.Loss{Reorder: rapid.Bool().Draw(r, "reorder"), KeepAll: rapid.Bool().Draw(r, "process only")}
				if rapid.Bool().Draw(r, "random") {
					loss.Random = seeded(rapid.Uint64().Draw(r, "seed"))
				}
				d.Crash(loss)
				for name, want := range safe {
					require.Equal(r, want, content(t, d, name), "lost although it was synced")
				}
				if loss.KeepAll {
					for name, want := range seen {
						require.Equal(r, want, content(t, d, name))
					}
					return
				}
				clear(seen)
				clear(synced)
				clear(safe)
				for _, name := range d.List() {
					// What is left is durable now.
					seen[name] = content(t, d, name)
					synced[name], safe[name] = seen[name], seen[name]
				}
			},
			"": func(r *rapid.T) {
				for name, want := range seen {
					require.Equal(r, want, content(t, d, name))
				}
			},
		})
	})
}

func BenchmarkWriteAndSync(b *testing.B) {
	d := disk.New(disk.Config{})
	f := create(b, d, "a")
	page := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.WriteAt(page, 0); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestACloneIsADiskOfItsOwn(t *testing.T) {
	d := disk.New(disk.Config{})
	f := create(t, d, "kept")
	put(t, f, "abc", 0)
	require.NoError(t, f.Sync())
	require.NoError(t, d.SyncDir("."))
	put(t, f, "x", 1)
	create(t, d, "new")
	require.NoError(t, d.Rename("kept", "moved"))

	first, second := d.Clone(), d.Clone()
	first.Crash(disk.Loss{})
	require.Equal(t, []string{"kept"}, first.List())
	require.Equal(t, "abc", content(t, first, "kept"), "what was not synced in the original is not in the clone")
	put(t, create(t, second, "moved"), "y", 2)
	require.Equal(t, "axy", content(t, second, "moved"))
	require.Equal(t, "axc", content(t, d, "moved"))
	require.Equal(t, []string{"moved", "new"}, d.List())
	require.Equal(t, 1, first.Stats().Crashes)
	require.Zero(t, d.Stats().Crashes)
}

func TestAFileSystemKnowsWhenItsMachineIsDead(t *testing.T) {
	d := disk.New(disk.Config{})
	before := d.FS().(interface{ Alive() error })
	require.NoError(t, before.Alive())
	d.Crash(disk.Loss{KeepAll: true})
	require.ErrorIs(t, before.Alive(), disk.ErrCrashed)
	require.NoError(t, d.FS().(interface{ Alive() error }).Alive())
}

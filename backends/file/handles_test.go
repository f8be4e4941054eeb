package file_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// counting is a file system that counts the files and locks that are open.
type counting struct {
	vfs.FS
	open *int
}

func (c counting) OpenFile(name string, flag int) (vfs.File, error) {
	f, err := c.FS.OpenFile(name, flag)
	if err != nil {
		return nil, err
	}
	*c.open++
	return countedFile{f, c.open}, nil
}

func (c counting) Lock(name string) (io.Closer, error) {
	l, err := c.FS.Lock(name)
	if err != nil {
		return nil, err
	}
	*c.open++
	return countedLock{l, c.open}, nil
}

type countedFile struct {
	vfs.File
	open *int
}

func (f countedFile) Close() error {
	*f.open--
	return f.File.Close()
}

type countedLock struct {
	io.Closer
	open *int
}

func (l countedLock) Close() error {
	*l.open--
	return l.Closer.Close()
}

// everything calls what opens files, and whose failures do not matter here. Between the
// calls the lock alone must be open, behind them nothing.
func everything(t *testing.T, fs counting, label string) {
	t.Helper()
	s, err := file.Open(t.Context(), "", file.Config{FS: fs})
	if err != nil {
		require.Zero(t, *fs.open, "%s: %v", label, err)
		return
	}
	for n, call := range []func(){
		func() { _, _ = s.Append(t.Context(), next(0)) },
		func() { _, _ = s.Append(t.Context(), next(1)) },
		func() {
			for range s.ReadStream(t.Context(), streams[1], 0) {
				require.Equal(t, 1, *fs.open, "%s: the loop runs", label)
			}
		},
		func() { _, _ = s.SaveCheckpoint(t.Context(), orders(), position(1)) },
		func() { _, _ = s.LoadCheckpoint(t.Context(), orders()) },
		func() { _, _ = s.TryAcquire(t.Context(), orders()) },
		func() {
			_, _ = s.SaveSnapshot(t.Context(), eventcore.SnapshotKey{Name: "x"}, eventcore.Snapshot{State: []byte("1")})
		},
		func() { _, _, _ = s.LoadSnapshot(t.Context(), eventcore.SnapshotKey{Name: "x"}) },
	} {
		call()
		require.Equal(t, 1, *fs.open, "%s, call %d", label, n)
	}
	_ = s.Close()
	require.Zero(t, *fs.open, "%s: the store is closed", label)
}

// TestNothingStaysOpenWhateverFails lets each operation of the disk fail in turn, on a store
// that is new and on one that is opened again.
func TestNothingStaysOpenWhateverFails(t *testing.T) {
	for _, begin := range []string{"new", "again"} {
		for at := 1; ; at++ {
			d := disk.New(disk.Config{})
			if begin == "again" {
				everything(t, counting{d.FS(), new(int)}, begin)
			}
			label, done := begin+": no fault", 0
			d.SetFault(func(op disk.Op) disk.Fault {
				if done++; done != at {
					return disk.NoFault
				}
				label = begin + ": " + op.Kind.String() + " " + op.Path
				return disk.EIO
			})
			everything(t, counting{d.FS(), new(int)}, label)
			if done < at {
				require.Greater(t, at, 50, "so few operations can not have been all")
				break
			}
		}
	}
}

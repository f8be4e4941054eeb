package raftwal_test

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"example.org/raftwal"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

var mended = flag.Bool("mended", false, "mend below raft-wal what was found in it")

// backend returns the store on the simulated disk.
func backend(wrap func(vfs.FS) vfs.FS) sim.Backend {
	return sim.Backend{
		Name: "raftwal", Durable: true,
		Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
			return raftwal.Open(wrap(env.Disk.FS()), env.Clock)
		},
		// The log has a goroutine, which ends then.
		Abandon: func(store eventcore.Store) error { return store.(*raftwal.Store).Close() },
	}
}

func asItIs(fs vfs.FS) vfs.FS { return fs }

// recovered makes durable what is in a file that is opened to be written on, and its directory: raft-wal goes on behind
// what it finds there, which may be what a process left that was killed. It is written anew, since a sync that failed
// before it was killed has the system believe that there is nothing to write.
type recovered struct{ vfs.FS }

// OpenFile implements [vfs.FS]. A segment that it makes has its name at once, and where one is written to, what a failed
// append has left there is cut off.
func (r recovered) OpenFile(name string, flag int) (vfs.File, error) {
	f, err := r.FS.OpenFile(name, flag)
	switch {
	case err != nil || filepath.Ext(name) != ".wal":
		return f, err
	case flag&os.O_CREATE != 0:
		err = r.SyncDir(filepath.Dir(name))
	case flag == os.O_RDWR:
		err = r.settle(f, filepath.Dir(name))
	}
	if err != nil {
		_ = f.Close() // it is of no use
		return nil, err
	}
	size, err := f.Size()
	return &cut{f, size}, err
}

// cut is a file that ends where it was written last: raft-wal writes at the end of its log only.
type cut struct {
	vfs.File
	end int64
}

// WriteAt implements [vfs.File].
func (c *cut) WriteAt(p []byte, at int64) (int, error) {
	if at < c.end {
		if err := c.Truncate(at); err != nil {
			return 0, err
		}
	}
	c.end = at + int64(len(p))
	return c.File.WriteAt(p, at)
}

func (r recovered) settle(f vfs.File, dir string) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	content := make([]byte, size)
	if _, err := f.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return r.FS.SyncDir(dir)
}

// lazy acknowledges entries that were not synced.
type lazy struct{ vfs.FS }

// OpenFile implements [vfs.FS].
func (l lazy) OpenFile(name string, flag int) (vfs.File, error) {
	f, err := l.FS.OpenFile(name, flag)
	if err != nil || filepath.Ext(name) != ".wal" {
		return f, err
	}
	return unsynced{f}, nil
}

type unsynced struct{ vfs.File }

// Sync implements [vfs.File].
func (unsynced) Sync() error { return nil }

func TestCertify(t *testing.T) {
	wrap := asItIs
	if *mended {
		wrap = func(fs vfs.FS) vfs.FS { return recovered{fs} }
	}
	certify.Run(t, backend(wrap))
}

package raftwal

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/raft-wal/types"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// bridge is the file system of raft-wal on ours. It does what package fs of raft-wal does, call by
// call, but that it does not reserve room for a segment, which is raft-wal's wish only.
type bridge struct {
	fs     vfs.FS
	mended Mended
	noSync bool
}

// ListDir implements [types.VFS].
func (b *bridge) ListDir(dir string) ([]string, error) {
	all, err := b.fs.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(all))
	for _, name := range all {
		if !strings.HasSuffix(name, "/") {
			names = append(names, name)
		}
	}
	return names, nil
}

// Create implements [types.VFS].
func (b *bridge) Create(_, name string, _ uint64) (types.WritableFile, error) {
	f, err := b.fs.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	return b.writable(f, name, true), nil
}

// Delete implements [types.VFS].
func (b *bridge) Delete(_, name string) error {
	if err := b.fs.Remove(name); err != nil {
		return err
	}
	return b.fs.SyncDir(".")
}

// OpenReader implements [types.VFS].
func (b *bridge) OpenReader(_, name string) (types.ReadableFile, error) {
	return b.fs.OpenFile(name, os.O_RDONLY)
}

// OpenWriter implements [types.VFS].
func (b *bridge) OpenWriter(_, name string) (types.WritableFile, error) {
	if b.mended.Content {
		if err := b.renew(name); err != nil {
			return nil, err
		}
	}
	f, err := b.fs.OpenFile(name, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	return b.writable(f, name, b.mended.Names), nil
}

// renew puts a copy of a file in its place that is durable: a sync would not do, for one that failed
// before has left the file as it looks, but not on the disk.
func (b *bridge) renew(name string) error {
	content, err := readFile(b.fs, name)
	if err != nil {
		return err
	}
	return replace(b.fs, name, content)
}

// replace puts a file with that content in the place of the one of that name, if there is one,
// and returns once it is durable.
func replace(fs vfs.FS, name string, content []byte) error {
	draft := name + ".new"
	f, err := fs.OpenFile(draft, os.O_CREATE|os.O_TRUNC|os.O_RDWR)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(draft, name); err != nil {
		return err
	}
	return fs.SyncDir(".")
}

// writable is a segment that is written to.
type writable struct {
	file   atomic.Pointer[vfs.File]
	name   string
	bridge *bridge
	// isNew: its name is not durable; broken: making it so failed.
	isNew, broken bool
}

func (b *bridge) writable(f vfs.File, name string, isNew bool) *writable {
	w := &writable{name: name, bridge: b, isNew: isNew}
	w.file.Store(&f)
	return w
}

// ReadAt implements [io.ReaderAt].
func (f *writable) ReadAt(p []byte, at int64) (int, error) { return (*f.file.Load()).ReadAt(p, at) }

// WriteAt implements [io.WriterAt]. raft-wal only ever writes at the end of its log, so what is
// there already is of an append that failed.
func (f *writable) WriteAt(p []byte, at int64) (int, error) {
	file := *f.file.Load()
	if f.bridge.mended.Tail {
		size, err := file.Size()
		if err == nil && size > at {
			err = file.Truncate(at)
		}
		if err != nil {
			return 0, err
		}
	}
	return file.WriteAt(p, at)
}

// Close implements [io.Closer].
func (f *writable) Close() error { return (*f.file.Load()).Close() }

// Sync implements [types.WritableFile]. As in raft-wal, the first one of a file that was made here
// makes its name durable too, and one that fails at that is not tried again.
func (f *writable) Sync() error {
	switch {
	case f.bridge.noSync:
		return nil
	case f.broken:
		return f.again()
	}
	if err := (*f.file.Load()).Sync(); err != nil {
		return err
	}
	if !f.isNew {
		return nil
	}
	f.isNew = false
	err := f.bridge.fs.SyncDir(".")
	f.broken = err != nil && f.bridge.mended.Names
	return err
}

// again puts a copy in the place of a file whose name could not be made durable. A sync of the
// directory that succeeds after one that failed says nothing of the names that were there before.
func (f *writable) again() error {
	old := *f.file.Load()
	content, err := readAll(old)
	if err != nil {
		return err
	}
	if err := replace(f.bridge.fs, f.name, content); err != nil {
		return err
	}
	file, err := f.bridge.fs.OpenFile(f.name, os.O_RDWR)
	if err != nil {
		return err
	}
	f.file.Store(&file)
	f.broken = false
	return old.Close()
}

package raftwal

import (
	"errors"
	"os"
	"strings"

	"github.com/hashicorp/raft-wal/types"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// bridge is the file system of raft-wal on ours. It does what package fs of raft-wal does, call by
// call, but that it does not reserve room for a segment, which is raft-wal's wish only.
type bridge struct {
	fs     vfs.FS
	mended bool
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
	return &writable{File: f, bridge: b, isNew: true}, nil
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
	if b.mended {
		if err := b.renew(name); err != nil {
			return nil, err
		}
	}
	f, err := b.fs.OpenFile(name, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	return &writable{File: f, bridge: b}, nil
}

// renew puts a copy of a file in its place that is durable, content and name: a sync would not do,
// for one that failed before has left the file as it looks, but not on the disk.
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
	vfs.File
	bridge *bridge
	isNew  bool
}

// Sync implements [types.WritableFile]: the first one of a new file makes its name durable too. In
// raft-wal one that fails at that is not the first one any more; mended it is.
func (f *writable) Sync() error {
	if f.bridge.noSync {
		return nil
	}
	if err := f.File.Sync(); err != nil {
		return err
	}
	if !f.isNew {
		return nil
	}
	f.isNew = false
	err := f.bridge.fs.SyncDir(".")
	if err != nil && f.bridge.mended {
		f.isNew = true
	}
	return err
}

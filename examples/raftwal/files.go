package raftwal

import (
	"os"

	"github.com/hashicorp/raft-wal/types"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// files does on a [vfs.FS] what raft-wal's own package fs does on the operating system's, call by call, but for
// preallocating.
type files struct{ fs vfs.FS }

var _ types.VFS = files{}

// ListDir implements [types.VFS].
func (f files) ListDir(dir string) ([]string, error) { return f.fs.ReadDir(dir) }

// Create implements [types.VFS].
func (f files) Create(dir, name string, _ uint64) (types.WritableFile, error) {
	made, err := f.fs.OpenFile(dir+"/"+name, os.O_CREATE|os.O_EXCL|os.O_RDWR)
	if err != nil {
		return nil, err
	}
	return &newFile{File: made, fs: f.fs, dir: dir}, nil
}

// newFile syncs its directory too when it is first synced, as raft-wal's own files do.
type newFile struct {
	vfs.File
	fs     vfs.FS
	dir    string
	synced bool
}

// Sync implements [types.WritableFile].
func (f *newFile) Sync() error {
	if err := f.File.Sync(); err != nil || f.synced {
		return err
	}
	f.synced = true
	return f.fs.SyncDir(f.dir)
}

// Delete implements [types.VFS].
func (f files) Delete(dir, name string) error {
	if err := f.fs.Remove(dir + "/" + name); err != nil {
		return err
	}
	return f.fs.SyncDir(dir)
}

// OpenReader implements [types.VFS].
func (f files) OpenReader(dir, name string) (types.ReadableFile, error) {
	return f.fs.OpenFile(dir+"/"+name, os.O_RDONLY)
}

// OpenWriter implements [types.VFS].
func (f files) OpenWriter(dir, name string) (types.WritableFile, error) {
	return f.fs.OpenFile(dir+"/"+name, os.O_RDWR)
}

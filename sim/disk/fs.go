package disk

import (
	"io"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// FS returns the disk as a store's file system.
func (d *Disk) FS() vfs.FS { return fileSystem{d} }

type fileSystem struct{ disk *Disk }

func (f fileSystem) OpenFile(name string, flag int) (vfs.File, error) {
	opened, err := f.disk.OpenFile(name, flag)
	if err != nil {
		return nil, err
	}
	return opened, nil
}

func (f fileSystem) Rename(from, to string) error          { return f.disk.Rename(from, to) }
func (f fileSystem) Remove(name string) error              { return f.disk.Remove(name) }
func (f fileSystem) MkdirAll(name string) error            { return f.disk.MkdirAll(name) }
func (f fileSystem) ReadDir(name string) ([]string, error) { return f.disk.ReadDir(name) }
func (f fileSystem) Stat(name string) (int64, error)       { return f.disk.Stat(name) }
func (f fileSystem) SyncDir(name string) error             { return f.disk.SyncDir(name) }
func (f fileSystem) Lock(name string) (io.Closer, error)   { return f.disk.Lock(name) }

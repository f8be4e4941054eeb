package disk

import (
	"io"
	"io/fs"
	"path"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// FS returns the disk as the file system of a program that is started now. It ends with
// the machine: after a crash all that it does fails with [ErrCrashed].
func (d *Disk) FS() vfs.FS { return fileSystem{d.now()} }

// Sub is FS with its root at a directory of the disk, which need not be there yet.
func (d *Disk) Sub(root string) vfs.FS {
	p := d.now()
	p.root = cleaned(root)
	return fileSystem{p}
}

// now is a program that is started now.
func (d *Disk) now() program {
	d.mu.Lock()
	defer d.mu.Unlock()
	return program{d, d.epoch, "."}
}

// program is the disk as it is seen by what runs between two crashes. Its methods are
// those of vfs.FS.
type program struct {
	disk  *Disk
	epoch int
	root  string
}

// full returns a name on the whole disk; one that is not valid stays so, and is refused
// by begin.
func (p program) full(name string) string {
	if !fs.ValidPath(name) {
		return name
	}
	return path.Join(p.root, name)
}

// Alive returns [ErrCrashed] after a crash. It is no operation.
func (p program) Alive() error {
	p.disk.mu.Lock()
	defer p.disk.mu.Unlock()
	if p.disk.epoch != p.epoch {
		return ErrCrashed
	}
	return nil
}

// fileSystem differs from program in a type that Go wants to be the interface.
type fileSystem struct{ program }

func (f fileSystem) OpenFile(name string, flag int) (vfs.File, error) {
	opened, err := f.program.OpenFile(name, flag)
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// OpenFile opens a file. Of the flags of package os it knows O_RDONLY, O_WRONLY, O_RDWR,
// O_CREATE, O_EXCL, O_TRUNC and O_APPEND.
func (d *Disk) OpenFile(name string, flag int) (*File, error) { return d.now().OpenFile(name, flag) }

// Rename moves a file, over another one if there is one, at once for all who look.
func (d *Disk) Rename(from, to string) error { return d.now().Rename(from, to) }

// Remove removes a file or an empty directory. Handles on a file stay good.
func (d *Disk) Remove(name string) error { return d.now().Remove(name) }

// MkdirAll makes a directory and those above it.
func (d *Disk) MkdirAll(name string) error { return d.now().MkdirAll(name) }

// ReadDir returns the names in a directory, sorted, those of directories with a slash
// at the end.
func (d *Disk) ReadDir(name string) ([]string, error) { return d.now().ReadDir(name) }

// Stat returns the size of a file in bytes.
func (d *Disk) Stat(name string) (size int64, err error) { return d.now().Stat(name) }

// SyncDir makes the entries of a directory durable: which files it has, not what is in
// them; or it fails and forgets which of them were not: a later one says nothing of those.
func (d *Disk) SyncDir(name string) error { return d.now().SyncDir(name) }

// Lock takes the lock of a name, or fails with [vfs.ErrLocked] if it is taken. It is
// given back when the result is closed, and by a crash.
func (d *Disk) Lock(name string) (io.Closer, error) { return d.now().Lock(name) }

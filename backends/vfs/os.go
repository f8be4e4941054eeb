package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// The rights of what is made: the owner's, and reading for the group.
const (
	fileMode = 0o640
	dirMode  = 0o750
)

// Dir returns the file system of the operating system below a directory, which need not
// be there yet. Links inside of it are followed, wherever they lead.
func Dir(root string) FS { return dir(root) }

type dir string

// path returns the path of a name for the operating system. It refuses names that lead
// out of the root or that the operating system gives another meaning, such as "con".
func (d dir) path(op, name string) (string, error) {
	local, err := filepath.Localize(name)
	if err != nil {
		return "", &fs.PathError{Op: op, Path: name, Err: fmt.Errorf("%w inside %q: %w", errNotInside, string(d), fs.ErrInvalid)}
	}
	return filepath.Join(string(d), local), nil
}

var errNotInside = errors.New("it is not a name of a file")

// OpenFile implements [FS].
func (d dir) OpenFile(name string, flag int) (File, error) {
	path, err := d.path("open", name)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Rename implements [FS].
func (d dir) Rename(from, to string) error {
	source, err := d.path("rename", from)
	if err != nil {
		return err
	}
	target, err := d.path("rename", to)
	if err != nil {
		return err
	}
	return rename(source, target)
}

// Remove implements [FS].
func (d dir) Remove(name string) error {
	path, err := d.path("remove", name)
	if err != nil {
		return err
	}
	return os.Remove(path)
}

// MkdirAll implements [FS].
func (d dir) MkdirAll(name string) error {
	path, err := d.path("mkdir", name)
	if err != nil {
		return err
	}
	if err := makeRoot(string(d), name == "."); err != nil {
		return err
	}
	return os.MkdirAll(path, dirMode)
}

// ReadDir implements [FS].
func (d dir) ReadDir(name string) ([]string, error) {
	path, err := d.path("open", name)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name()+"/")
		} else {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Stat implements [FS].
func (d dir) Stat(name string) (int64, error) {
	path, err := d.path("stat", name)
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// SyncDir implements [FS].
func (d dir) SyncDir(name string) error {
	path, err := d.path("sync", name)
	if err != nil {
		return err
	}
	return syncDir(path)
}

// Lock implements [FS].
func (d dir) Lock(name string) (io.Closer, error) {
	path, err := d.path("lock", name)
	if err != nil {
		return nil, err
	}
	l, err := lock(path)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return l, nil
}

type osFile struct{ *os.File }

// Size implements [File].
func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// SyncAll syncs files. Those of the operating system are synced at the same time: a file
// system with a journal then writes it once for several of them. If one fails, it is not
// known what of any is durable.
func SyncAll(files ...File) error {
	for _, f := range files {
		if _, ok := f.(osFile); !ok || len(files) == 1 {
			return syncEach(files)
		}
	}
	errs := make([]error, len(files))
	var all sync.WaitGroup
	for i, f := range files {
		all.Go(func() { errs[i] = f.Sync() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// syncEach syncs one file after the other, as on a simulated disk, where there is one thread.
func syncEach(files []File) error {
	for _, f := range files {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}

package vfs

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// The rights of what is made: the owner's, and reading for the group.
const (
	fileMode = 0o640
	dirMode  = 0o750
)

// Dir returns the file system of the operating system below a directory.
func Dir(root string) FS { return dir(root) }

type dir string

func (d dir) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

// OpenFile implements [FS].
func (d dir) OpenFile(name string, flag int) (File, error) {
	f, err := os.OpenFile(d.path(name), flag, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Rename implements [FS].
func (d dir) Rename(from, to string) error { return rename(d.path(from), d.path(to)) }

// Remove implements [FS].
func (d dir) Remove(name string) error { return os.Remove(d.path(name)) }

// MkdirAll implements [FS].
func (d dir) MkdirAll(name string) error { return os.MkdirAll(d.path(name), dirMode) }

// ReadDir implements [FS].
func (d dir) ReadDir(name string) ([]string, error) {
	entries, err := os.ReadDir(d.path(name))
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
	info, err := os.Stat(d.path(name))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// SyncDir implements [FS].
func (d dir) SyncDir(name string) error { return syncDir(d.path(name)) }

// Lock implements [FS].
func (d dir) Lock(name string) (io.Closer, error) {
	l, err := lock(d.path(name))
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", d.path(name), err)
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

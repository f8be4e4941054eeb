package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// fileLock is a lock on an open file.
type fileLock struct {
	file      *os.File
	releasing sync.Once
	released  error
}

// Close gives the lock back. It may be called more than once; it returns the same each
// time.
func (l *fileLock) Close() error {
	l.releasing.Do(func() { l.released = errors.Join(unlock(l.file), l.file.Close()) })
	return l.released
}

// lock locks the file at path, which it makes if there is none.
func lock(path string) (*fileLock, error) {
	const tries = 10
	for range tries {
		f, err := openLocked(path)
		if err != nil {
			return nil, err
		}
		l := &fileLock{file: f}
		// It may have been deleted between opening and locking it: then others lock another one.
		same, err := isStill(f, path)
		if err == nil && same {
			return l, nil
		}
		if err := errors.Join(err, l.Close()); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the file %q is deleted again and again", path)
}

// isStill says whether f is the file at path.
func isStill(f *os.File, path string) (bool, error) {
	locked, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(locked, there), nil
}

package sqlite

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// vfsLock is the lock of a lease on a file system that is not the operating system's. As
// long as that has it, nobody else gets it.
type vfsLock struct {
	lock io.Closer

	releasing sync.Once
	released  error
}

func lockOn(files vfs.FS, path string) (leaseLock, error) {
	lock, err := files.Lock(path)
	switch {
	case errors.Is(err, vfs.ErrLocked):
		return nil, fmt.Errorf("%w: %w", eventcore.ErrLeaseHeld, err)
	case err != nil:
		return nil, err
	}
	return &vfsLock{lock: lock}, nil
}

func (*vfsLock) check() error { return nil }

func (l *vfsLock) release() error {
	l.releasing.Do(func() { l.released = l.lock.Close() })
	return l.released
}

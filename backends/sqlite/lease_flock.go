//go:build !windows

package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// openLocked opens a file, or makes it, and locks it.
func openLocked(path string, perm fs.FileMode) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, perm)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case err == nil:
		return file, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, errors.Join(eventcore.ErrLeaseHeld, file.Close())
	default:
		return nil, errors.Join(fmt.Errorf("lock %q: %w", path, err), file.Close())
	}
}

// unlock gives the lock back. Closing the file would not do: a process that is being
// started at this moment has a copy of it, and keeps the lock until its program runs.
func unlock(file *os.File) error { return syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }

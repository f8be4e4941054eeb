package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// sharingViolation is ERROR_SHARING_VIOLATION.
const sharingViolation syscall.Errno = 32

// openLocked opens a file, or makes it, and lets nobody else open it or delete it: that
// is the lock.
func openLocked(path string, _ fs.FileMode) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case err == nil:
		return os.NewFile(uintptr(handle), path), nil
	case errors.Is(err, sharingViolation):
		return nil, eventcore.ErrLeaseHeld
	default:
		return nil, fmt.Errorf("lock %q: %w", path, err)
	}
}

// unlock has nothing to do: the lock ends with the handle.
func unlock(*os.File) error { return nil }

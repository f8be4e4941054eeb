package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// hashBytes is how much of the hash of a subscription is in the name of its file.
const hashBytes = 16

// fileLock is a lock that the operating system takes back when the process ends. It is
// the file's, not the process's: two handles of one process exclude each other too.
type fileLock struct {
	path string
	file *os.File

	releasing sync.Once
	released  error
}

// lockOf locks the file of a subscription, or returns an error in which errors.Is finds
// [eventcore.ErrLeaseHeld].
func lockOf(files vfs.FS, database string, subscription eventcore.SubscriptionID) (leaseLock, error) {
	// The name of a subscription can be longer than that of a file, and have any characters.
	hash := sha256.Sum256([]byte(subscription.String()))
	path := database + "-lease-" + hex.EncodeToString(hash[:hashBytes])
	if files != nil {
		return lockOn(files, path)
	}
	lock, err := lockBeside(database, path)
	if err != nil {
		return nil, err // not lock, which would be an interface that is not nil
	}
	return lock, nil
}

// lockBeside locks a file beside the database.
func lockBeside(database, path string) (*fileLock, error) {
	// Whoever may use the database may lock the file, as with those that SQLite makes.
	info, err := os.Stat(database)
	if err != nil {
		return nil, err
	}
	const tries = 10
	for range tries {
		file, err := openLocked(path, info.Mode().Perm())
		if err != nil {
			return nil, err
		}
		lock := &fileLock{path: path, file: file}
		// It may have been deleted between opening and locking it.
		err = lock.check()
		if err == nil {
			return lock, nil
		}
		if err := errors.Join(err, lock.release()); !errors.Is(err, eventcore.ErrLeaseLost) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the file %q is deleted again and again", path)
}

// check returns an error in which errors.Is finds [eventcore.ErrLeaseLost] if the file that
// is locked is not the one that others would lock.
func (l *fileLock) check() error {
	locked, err := l.file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(l.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: the file %q was deleted", eventcore.ErrLeaseLost, l.path)
	case err != nil:
		return err
	case !os.SameFile(locked, there):
		return fmt.Errorf("%w: the file %q was replaced", eventcore.ErrLeaseLost, l.path)
	}
	return nil
}

// release unlocks and closes the file. It may be called more than once; it returns the
// same each time.
func (l *fileLock) release() error {
	l.releasing.Do(func() { l.released = errors.Join(unlock(l.file), l.file.Close()) })
	return l.released
}

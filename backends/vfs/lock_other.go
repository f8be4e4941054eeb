//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package vfs

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// openLocked refuses: without a lock that the end of a process gives back, two processes
// could write to one directory.
func openLocked(path string) (*os.File, error) {
	return nil, fmt.Errorf("lock %s: %w on %s", path, errors.ErrUnsupported, runtime.GOOS)
}

func unlock(*os.File) error { return nil }

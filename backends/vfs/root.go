package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// synced makes the names in a directory durable. A test looks which.
var synced = syncDir

// makeRoot makes a root and those above it that are missing, each of them durable before
// the next: so all those above one that is there are durable, wherever this was broken off.
// certain: the root itself is made durable also if it is there already.
func makeRoot(root string, certain bool) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	switch _, err := os.Stat(root); {
	case errors.Is(err, fs.ErrNotExist):
		return makeDir(root)
	case err != nil || !certain:
		return err
	}
	// Where the directory above may not be read, somebody else has made this one.
	if err := synced(filepath.Dir(root)); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// makeDir makes a directory that is missing.
func makeDir(path string) error {
	above := filepath.Dir(path)
	switch _, err := os.Stat(above); {
	case errors.Is(err, fs.ErrNotExist) && above != path:
		if err := makeDir(above); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	if err := os.Mkdir(path, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := synced(above); err != nil {
		// Were it left, the next one would find it and take it for durable.
		return errors.Join(fmt.Errorf("make %q durable: %w", path, err), os.Remove(path))
	}
	return nil
}

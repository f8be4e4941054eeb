//go:build !windows

package vfs

import (
	"errors"
	"os"
)

func rename(from, to string) error { return os.Rename(from, to) }

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

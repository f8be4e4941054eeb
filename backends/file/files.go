package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// readFile reads a whole file.
func (s *Store) readFile(name string) ([]byte, error) {
	f, err := s.fs.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	if err == nil {
		content := make([]byte, size)
		if _, err = io.ReadFull(f, content); err == nil {
			return content, f.Close()
		}
	}
	return nil, errors.Join(fmt.Errorf("read %s: %w", name, err), f.Close())
}

// writeFile writes a whole file in place of the one that is there, if there is one. It is
// as durable as the policy says when it returns.
func (s *Store) writeFile(name string, content []byte, policy FsyncPolicy) error {
	draft := draftOf(name)
	if err := s.writeDraft(draft, content, policy); err != nil {
		return errors.Join(err, ignoreMissing(s.fs.Remove(draft)))
	}
	if err := s.fs.Rename(draft, name); err != nil {
		return err
	}
	return s.syncDir(path.Dir(name), policy)
}

// draftOf returns the name in tmp of a file that is not an append.
func draftOf(name string) string { return tmpDir + "/" + strings.ReplaceAll(name, "/", "-") }

// writeDraft writes a file in tmp, where nothing counts that is there already.
func (s *Store) writeDraft(name string, content []byte, policy FsyncPolicy) error {
	f, err := s.fs.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil && policy == FsyncAlways {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (s *Store) syncDir(name string, policy FsyncPolicy) error {
	if policy != FsyncAlways {
		return nil
	}
	return s.fs.SyncDir(name)
}

// makeDir makes a directory in the root, and makes it durable whatever the policy: once in
// the life of a store, and there is no way to do it later when a sync has failed. The
// policy is about one that is there already.
func (s *Store) makeDir(name string, policy FsyncPolicy) error {
	names, err := s.fs.ReadDir(".")
	if err != nil {
		return err
	}
	if slices.Contains(names, name+"/") && policy != FsyncAlways {
		return nil
	}
	if slices.Contains(names, name+"/") {
		// A sync may have failed after it was made, and the next one would be told that all is
		// well. Something is in it only if one has worked.
		within, err := s.fs.ReadDir(name)
		if err != nil {
			return err
		}
		if len(within) == 0 {
			if err := s.fs.Remove(name); err != nil {
				return err
			}
		}
	}
	// If it was there, or the root, a process may have died between making and syncing it.
	if err := s.fs.MkdirAll("."); err != nil {
		return err
	}
	if err := s.fs.MkdirAll(name); err != nil {
		return err
	}
	if err := s.fs.SyncDir("."); err != nil {
		return err // the next one makes it anew
	}
	return nil
}

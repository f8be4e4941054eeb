package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// makeDurable makes all appends durable that are not known to be: those of a process that
// did not sync or has died, and those that somebody has copied here. What is appended after
// them is worth nothing without them.
func (s *Store) makeDurable(ctx context.Context) error {
	if s.cfg.Fsync != FsyncAlways {
		return nil
	}
	_, err := s.fs.Stat(suspectFile)
	suspect := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.suspect(); err != nil {
		return err
	}
	files := s.index.files[s.synced:]
	if len(files) == 0 {
		return nil
	}
	for i := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.makeFileDurable(fileName(files[i].id), suspect); err != nil {
			return err
		}
	}
	if err := s.fs.SyncDir(eventsDir); err != nil {
		return err
	}
	s.synced = len(s.index.files)
	return s.recordHead()
}

// suspect leaves word that a sync may have failed: who opens the store next must not
// believe one that succeeds. That is done beforehand and taken back when the store is
// closed: on a disk that fails, leaving word may fail as well. It need not be durable, since no sync that failed matters any
// more once the machine has crashed: what is there then is durable.
func (s *Store) suspect() error {
	f, err := s.fs.OpenFile(suspectFile, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return err
	}
	return f.Close()
}

// makeFileDurable syncs the file of an append. Where it is suspect, a new file is put in
// its place.
func (s *Store) makeFileDurable(name string, suspect bool) error {
	if !suspect {
		f, err := s.openForSync(eventsDir + "/" + name)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	}
	content, err := s.readFile(eventsDir + "/" + name)
	if err != nil {
		return err
	}
	if _, err := parse(name, content); err != nil {
		return damaged(fmt.Errorf("%s/%s: %w", eventsDir, name, err))
	}
	draft := tmpDir + "/" + name
	if err := s.writeDraft(draft, content, FsyncAlways); err != nil {
		return err
	}
	return s.fs.Rename(draft, eventsDir+"/"+name)
}

// openForSync opens a file for writing, which Windows wants for a sync, if it may.
func (s *Store) openForSync(name string) (vfs.File, error) {
	f, err := s.fs.OpenFile(name, os.O_RDWR)
	if errors.Is(err, fs.ErrPermission) {
		return s.fs.OpenFile(name, os.O_RDONLY)
	}
	return f, err
}

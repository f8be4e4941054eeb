package file

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// draft is the file of an append on its way into events.
type draft struct {
	*transaction
	content []byte
	// written and final are its names before and after it has got its place.
	written, final string
}

func newDraft(t *transaction, content []byte) *draft {
	name := fileName(t.header.Transaction)
	return &draft{transaction: t, content: content, written: tmpDir + "/" + name, final: eventsDir + "/" + name}
}

// commit writes the files of appends, each the parent of the next, and gives them their
// places. After an error, that many of them may have theirs: the first ones.
func (s *Store) commit(ctx context.Context, drafts []*draft) (named int, err error) {
	if len(drafts) == 0 {
		return 0, nil
	}
	err = s.writeDrafts(drafts)
	if err == nil {
		// The last moment at which it is certain that nothing happens.
		err = ctx.Err()
	}
	if err != nil {
		// What stays in tmp is removed when the store is opened.
		return 0, errors.Join(err, s.removeDrafts(drafts))
	}
	for i, d := range drafts {
		s.doubt = append(s.doubt, d)
		if err := s.fs.Rename(d.written, d.final); err != nil {
			return i + 1, errors.Join(err, s.removeDrafts(drafts[i+1:]))
		}
	}
	if err := s.syncDir(eventsDir, s.cfg.Fsync); err != nil {
		return len(drafts), err
	}
	before := len(s.index.files)
	s.accept()
	if len(drafts) > 1 {
		s.voidJournal()
	}
	if len(s.index.files)/headEvery > before/headEvery {
		_ = s.recordHead() // the appends are there all the same
	}
	return 0, nil
}

// writeDrafts writes files in tmp, and before several of them can get their places the
// journal has them too.
func (s *Store) writeDrafts(drafts []*draft) (err error) {
	files := make([]vfs.File, 0, len(drafts)+1)
	defer func() {
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
	}()
	for _, d := range drafts {
		f, err := s.fs.OpenFile(d.written, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
		if err != nil {
			return err
		}
		files = append(files, f)
		if _, err := f.Write(d.content); err != nil {
			return err
		}
	}
	if s.cfg.Fsync != FsyncAlways {
		return nil
	}
	if len(drafts) > 1 {
		f, err := s.writeJournal(drafts)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	if err := vfs.SyncAll(files...); err != nil {
		s.journal = false // what another sync of the same file says is worth nothing
		return err
	}
	return nil
}

func (s *Store) removeDrafts(drafts []*draft) (err error) {
	for _, d := range drafts {
		err = errors.Join(err, ignoreMissing(s.fs.Remove(d.written)))
	}
	return err
}

// settle finds out what became of appends whose outcome is not known.
func (s *Store) settle() error {
	for i, d := range s.doubt {
		_, err := s.fs.Stat(d.final)
		if errors.Is(err, fs.ErrNotExist) {
			// The rename failed, and no other came after it. It must not come back: were the name
			// of the draft left, it would be removed when the store is opened.
			lost := s.doubt[i:]
			s.doubt = s.doubt[:i]
			if err := s.removeDrafts(lost); err != nil {
				return err
			}
			break
		}
		if err != nil {
			return err
		}
	}
	if len(s.doubt) == 0 {
		return nil
	}
	if s.cfg.Fsync == FsyncAlways {
		if err := s.replace(s.doubt); err != nil {
			// It may be the first sync that fails: before, perhaps only the rename was in doubt.
			return errors.Join(err, s.suspect())
		}
	}
	s.accept()
	return nil
}

// replace writes files of events anew, content and name, since what a sync says after one
// that has failed is worth nothing. At each moment the files are there. They are durable
// when this returns.
func (s *Store) replace(drafts []*draft) error {
	for _, d := range drafts {
		if err := s.writeDraft(d.written, d.content, FsyncAlways); err != nil {
			return err
		}
		if err := s.fs.Rename(d.written, d.final); err != nil {
			return err
		}
	}
	return s.syncDir(eventsDir, FsyncAlways)
}

// accept adds the appends that are now there for good to the index.
func (s *Store) accept() {
	s.mu.Lock()
	for _, d := range s.doubt {
		s.index.add(d.transaction)
	}
	s.mu.Unlock()
	for _, d := range s.doubt {
		s.sawID(d.header.Transaction)
	}
	s.doubt = nil
	if s.cfg.Fsync == FsyncAlways {
		s.synced = len(s.index.files)
	}
}

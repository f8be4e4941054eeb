package file

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// headEvery is the number of appends after which the head is recorded while the store is
// open.
const headEvery = 1024

// head is what state/head has of the newest append: written when the store is opened and
// closed and now and then between, so it can only lag behind. Each other append is missed by
// the one that follows it; that the newest was lost shows only here. Without the file
// nothing is wrong: it is made again, and all files are synced again.
type head struct {
	Format  int               `json:"format"`
	Appends int               `json:"appends"`
	Last    eventcore.EventID `json:"last"`
	// Synced is how many appends, from the first one on, were durable.
	Synced int `json:"synced"`
}

// readHead reads the record. One that cannot be read counts as none: where nothing is
// synced, a loss of power may leave half of it.
func (s *Store) readHead() error {
	content, err := s.readFile(headFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var h head
	if unsealed(content, &h) == nil && h.Format == format && h.Appends > 0 && h.Synced >= 0 && h.Synced <= h.Appends {
		s.head = h
	}
	return nil
}

// missing returns an error if the append that was the newest is not there.
func (h *head) missing(all map[eventcore.EventID]*transaction) error {
	if h.Appends == 0 || all[h.Last] != nil {
		return nil
	}
	return fmt.Errorf("%s/%s: the newest of %d appends when this was recorded is missing: it was deleted, or never reached the disk because of FsyncNever; %s; or, if you can do without, delete %s",
		eventsDir, fileName(h.Last), h.Appends, bringBack, headFile)
}

// trust takes from the record what the appends that were found bear out.
func (s *Store) trust() {
	for _, f := range s.index.files {
		if compareIDs(f.id, s.newest) > 0 {
			s.newest = f.id
		}
	}
	if n := s.head.Appends; n > 0 && n <= len(s.index.files) && s.index.files[n-1].id == s.head.Last {
		s.synced = s.head.Synced
	}
}

// distrust notes, where the store is damaged, that files will be put in place of those that
// were synced. It returns the error that it is given.
func (s *Store) distrust(err error) error {
	if errors.Is(err, ErrDamaged) && s.head.Synced > 0 {
		h := s.head
		h.Synced = 0
		if content, failed := sealed(h); failed == nil {
			err = errors.Join(err, s.writeFile(headFile, content, s.cfg.Fsync))
		}
	}
	return err
}

// recordHead records the newest append, unless it is recorded already.
func (s *Store) recordHead() error {
	h := head{Format: format, Appends: len(s.index.files), Synced: s.synced}
	if h.Appends == 0 {
		return nil
	}
	h.Last = s.index.files[h.Appends-1].id
	if h == s.head {
		return nil
	}
	content, err := sealed(h)
	if err != nil {
		return err
	}
	if err := s.writeFile(headFile, content, s.cfg.Fsync); err != nil {
		return err
	}
	s.head = h
	return nil
}

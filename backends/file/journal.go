package file

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// journal is the first line of state/group, which the files of a group of appends follow. It
// is durable before the first of them gets its place. A loss of power before the directory is
// synced may leave the names of any of them, so one that follows another which is missing.
// As all of them are in the journal, what is missing is then put where it belongs: no
// acknowledged append can be lost this way, nor is one that is missing for another reason
// taken for one that never was acknowledged.
//
// It is void once the group is durable. To say so needs not be durable, since what is in the
// journal is in events then.
type journal struct {
	Format  int         `json:"format"`
	Appends []journaled `json:"appends"`
}

// journaled is an append in the journal.
type journaled struct {
	Transaction eventcore.EventID `json:"transaction"`
	Bytes       int               `json:"bytes"`
}

// voided is what the journal of a group that is durable begins with.
const voided = "-"

// writeJournal writes the files of a group to the journal, which is still to be synced.
func (s *Store) writeJournal(drafts []*draft) (vfs.File, error) {
	j := journal{Format: format}
	size := 0
	for _, d := range drafts {
		j.Appends = append(j.Appends, journaled{Transaction: d.header.Transaction, Bytes: len(d.content)})
		size += len(d.content)
	}
	content, err := sealed(j)
	if err != nil {
		return nil, err
	}
	content = slices.Grow(content, size)
	for _, d := range drafts {
		content = append(content, d.content...)
	}
	if !s.journal {
		if err := s.writeFile(journalFile, nil, FsyncAlways); err != nil {
			return nil, err
		}
		s.journal = true
	}
	f, err := s.fs.OpenFile(journalFile, os.O_WRONLY)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(content); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// voidJournal notes that the group in the journal is durable. Without it a file of the group
// that is deleted before the store is closed would be put back instead of being reported.
func (s *Store) voidJournal() {
	f, err := s.fs.OpenFile(journalFile, os.O_WRONLY)
	if err != nil {
		return
	}
	_, _ = f.Write([]byte(voided))
	_ = f.Close()
}

// dropJournal removes the journal, as all that is in it is durable.
func (s *Store) dropJournal() {
	if s.journal {
		_ = s.fs.Remove(journalFile) // it does no harm
		s.journal = false
	}
}

// redo puts the files of a group where they belong whose names were lost while one that
// follows them has kept its own.
func (s *Store) redo(ctx context.Context) error {
	content, err := s.readFile(journalFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s.journal = true
	names, err := s.fs.ReadDir(eventsDir)
	if err != nil {
		return err
	}
	group := parseJournal(content)
	lost := torn(group, names)
	if len(lost) == 0 {
		return nil
	}
	found, err := s.loadFiles(ctx)
	if err != nil {
		return err
	}
	if followed(group, found.all) {
		return nil // the group was durable: what is missing was lost in another way
	}
	// Should a sync fail now, who opens the store next must not believe one that succeeds.
	if err := s.suspect(); err != nil {
		return err
	}
	return s.replace(lost)
}

// parseJournal returns the appends in a journal. One that is not whole has none: its group
// was never begun with, or is durable.
func parseJournal(content []byte) (group []*draft) {
	first, rest, whole := bytes.Cut(content, []byte("\n"))
	var j journal
	if !whole || unsealed(append(first, '\n'), &j) != nil || j.Format != format {
		return nil
	}
	for _, a := range j.Appends {
		if a.Bytes < 0 || a.Bytes > len(rest) {
			return nil
		}
		t, err := parse(fileName(a.Transaction), rest[:a.Bytes])
		if err != nil {
			return nil
		}
		group = append(group, newDraft(t, rest[:a.Bytes]))
		rest = rest[a.Bytes:]
	}
	return group
}

// torn returns those of a group that are not there although one behind them is.
func torn(group []*draft, names []string) (lost []*draft) {
	var missing []*draft
	for _, d := range group {
		if _, there := slices.BinarySearch(names, fileName(d.header.Transaction)); there {
			lost = append(lost, missing...)
			missing = nil
		} else {
			missing = append(missing, d)
		}
	}
	return lost
}

// followed says whether an append that is not of the group follows one that is.
func followed(group []*draft, all map[eventcore.EventID]*transaction) bool {
	of := func(id eventcore.EventID) bool {
		return slices.ContainsFunc(group, func(d *draft) bool { return d.header.Transaction == id })
	}
	for id, t := range all {
		if !of(id) && slices.ContainsFunc(t.header.Parents, of) {
			return true
		}
	}
	return false
}

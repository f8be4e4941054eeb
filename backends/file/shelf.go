package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/gate"
)

// The directories of what readers and commands keep beside the events.
const (
	checkpointsDir = "checkpoints"
	leasesDir      = "leases"
	snapshotsDir   = "snapshots"
)

// shelf is a directory of small files, each of which is replaced as a whole.
type shelf struct {
	store *Store
	dir   string
	// gate lets one in at a time. Who is in owns what follows.
	gate gate.Gate
	// made: the directory is there.
	made bool
}

func newShelf(s *Store, dir string) *shelf {
	return &shelf{store: s, dir: dir, gate: gate.New(1, ErrClosed)}
}

// in calls do while nobody else is in.
func (h *shelf) in(ctx context.Context, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := h.gate.Enter(ctx, "file: "+h.dir); err != nil {
		return err
	}
	defer h.gate.Leave()
	return do()
}

// nameOf returns the name of the file for what has that name: one that is short, and that
// every file system tells apart from others.
func nameOf(dir, name string) string {
	sum := sha256.Sum256([]byte(name))
	return dir + "/" + hex.EncodeToString(sum[:])
}

// read returns the content of a file, and whether there is one.
func (h *shelf) read(name string) ([]byte, bool, error) {
	content, err := h.store.readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return content, err == nil, err
}

// write puts a file in place of the one that is there. After an error which is a
// [*misplaced] it may be there all the same.
func (h *shelf) write(ctx context.Context, name string, content []byte, policy FsyncPolicy) error {
	s := h.store
	if !h.made {
		if err := s.makeDir(h.dir, policy); err != nil {
			return err
		}
		h.made = true
	}
	draft := draftOf(name)
	err := s.writeDraft(draft, content, policy)
	if err == nil {
		// The last moment at which it is certain that nothing happens.
		err = ctx.Err()
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(s.fs.Remove(draft)))
	}
	if err := s.fs.Rename(draft, name); err != nil {
		return &misplaced{err}
	}
	if err := s.syncDir(h.dir, policy); err != nil {
		return &misplaced{err}
	}
	return nil
}

// misplaced is the failure of a write that may have come to something.
type misplaced struct{ error }

// Unwrap returns the cause.
func (m *misplaced) Unwrap() error { return m.error }

// failed returns the failure of an operation on a shelf.
func failed(op eventcore.Operation, err error) error {
	outcome := eventcore.OutcomeNotApplied
	if _, unknown := errors.AsType[*misplaced](err); unknown {
		outcome = eventcore.OutcomeUnknown
	}
	return &eventcore.StoreFailure{Operation: op, Outcome: outcome, Err: err}
}

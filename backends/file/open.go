package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/google/uuid"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/gate"
)

// Open opens the store in a directory, which it makes if there is none, and checks all
// that is in it. A directory that another store has open, in this process or another, is
// refused with [vfs.ErrLocked], a damaged one with [ErrDamaged]. The caller closes the
// store. The context bounds opening alone.
func Open(ctx context.Context, dir string, cfg Config) (*Store, error) {
	if dir == "" && cfg.FS == nil {
		return nil, errors.New("file: open: the directory is empty; use . for the current one")
	}
	cfg, err := cfg.filled(dir)
	if err != nil {
		return nil, err
	}
	s := newStore(dir, cfg)
	if err := s.open(ctx); err != nil {
		return nil, s.notOpened(err)
	}
	return s, nil
}

// newStore returns a store that is not open yet. cfg is filled.
func newStore(dir string, cfg Config) *Store {
	s := &Store{cfg: cfg, fs: cfg.FS, dir: dir, gate: gate.New(1, ErrClosed), groups: newGroups(cfg), index: newIndex()}
	s.checkpoints, s.leases, s.snapshots = newShelf(s, checkpointsDir), newShelf(s, leasesDir), newShelf(s, snapshotsDir)
	s.known = make(map[eventcore.SubscriptionID]eventcore.Position)
	s.leaders.of = make(map[eventcore.SubscriptionID]*lease)
	return s
}

// notOpened gives up the lock of a store that could not be opened, and returns the error of
// opening it.
func (s *Store) notOpened(err error) error {
	err = fmt.Errorf("file: open %q: %w", s.dir, err)
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

func (s *Store) open(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.identify(); err != nil {
		return err
	}
	if err := s.readHead(); err != nil {
		return err
	}
	if err := s.load(ctx); err != nil {
		return s.distrust(err)
	}
	s.trust()
	if err := s.makeDurable(ctx); err != nil {
		return err
	}
	if s.cfg.Fsync == FsyncAlways {
		s.dropJournal()
	}
	return s.recordHead()
}

// prepare makes the directories, takes the lock, and undoes or redoes what a crash has left
// half done.
func (s *Store) prepare(ctx context.Context) error {
	if err := s.fs.MkdirAll(stateDir); err != nil {
		return err
	}
	lock, err := s.fs.Lock(lockFile)
	if errors.Is(err, vfs.ErrLocked) {
		return fmt.Errorf("another store has it open, in this process or another; close that first: %w", err)
	}
	if err != nil {
		return err
	}
	s.lock = lock
	if err := s.makeDir(eventsDir, s.cfg.Fsync); err != nil {
		return err
	}
	if err := s.fs.MkdirAll(tmpDir); err != nil {
		return err
	}
	if err := s.emptyTmp(); err != nil {
		return err
	}
	return s.redo(ctx)
}

// emptyTmp removes what never was acknowledged: an append is in events by then.
func (s *Store) emptyTmp() error {
	names, err := s.fs.ReadDir(tmpDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "/") {
			return fmt.Errorf("%s/%s: a directory does not belong there; move it somewhere else", tmpDir, name)
		}
		if err := s.fs.Remove(tmpDir + "/" + name); err != nil {
			return err
		}
	}
	return nil
}

// identify finds out which replica this is, or makes it one.
func (s *Store) identify() error {
	if s.replica = s.cfg.Replica; s.replica != (eventcore.EventID{}) {
		return nil
	}
	content, err := s.readFile(replicaFile)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(content) == 0:
		s.replica = s.cfg.IDs.NewEventID()
		return s.writeFile(replicaFile, []byte(s.replica.String()+"\n"), s.cfg.Fsync)
	case err != nil:
		return err
	}
	if s.replica, err = uuid.Parse(strings.TrimSpace(string(content))); err != nil {
		return fmt.Errorf("%s holds %q, not the UUID of this replica; delete the file to make a new one", replicaFile, content)
	}
	return nil
}

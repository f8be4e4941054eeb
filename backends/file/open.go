package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/google/uuid"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/gate"
)

// ErrDamaged is what errors.Is finds when a file of the store is not as it was written:
// changed, cut off, missing, or there twice. The error names the files. Nothing is left
// out and nothing is mended: take the files from a backup or from version control, or move
// those that are damaged out of events if you can do without them and all that follow.
var ErrDamaged = errors.New("the store is damaged")

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
	s := &Store{cfg: cfg, fs: cfg.FS, dir: dir, gate: gate.New(1, ErrClosed), index: newIndex()}
	if err := s.open(ctx); err != nil {
		err = fmt.Errorf("file: open %q: %w", dir, err)
		if s.lock != nil {
			err = errors.Join(err, s.lock.Close())
		}
		return nil, err
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	for _, name := range []string{eventsDir, tmpDir, stateDir} {
		if err := s.fs.MkdirAll(name); err != nil {
			return err
		}
	}
	lock, err := s.fs.Lock(lockFile)
	if errors.Is(err, vfs.ErrLocked) {
		return fmt.Errorf("another store has it open, in this process or another; close that first: %w", err)
	}
	if err != nil {
		return err
	}
	s.lock = lock
	// What is seen here may not be durable yet, if the process that wrote it has died.
	for _, name := range []string{".", eventsDir} {
		if err := s.syncDir(name); err != nil {
			return err
		}
	}
	if err := s.emptyTmp(); err != nil {
		return err
	}
	if err := s.identify(); err != nil {
		return err
	}
	return s.load(ctx)
}

// emptyTmp removes what never was acknowledged: an append is in events by then.
func (s *Store) emptyTmp() error {
	names, err := s.fs.ReadDir(tmpDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.fs.Remove(tmpDir + "/" + name); err != nil {
			return err
		}
	}
	return nil
}

// identify finds out which replica this is, or makes it one.
func (s *Store) identify() error {
	content, err := s.readFile(replicaFile)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(content) == 0:
		s.replica = s.cfg.IDs.NewEventID()
		return s.writeFile(replicaFile, []byte(s.replica.String()+"\n"))
	case err != nil:
		return err
	}
	if s.replica, err = uuid.Parse(strings.TrimSpace(string(content))); err != nil {
		return fmt.Errorf("%s holds %q, not the UUID of this replica; delete the file to make a new one", replicaFile, content)
	}
	return nil
}

// load reads and checks all appends.
func (s *Store) load(ctx context.Context) error {
	names, err := s.fs.ReadDir(eventsDir)
	if err != nil {
		return err
	}
	all := make(map[eventcore.EventID]*transaction, len(names))
	var wrong []error
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if strings.HasPrefix(name, ".") {
			continue // as version control has them
		}
		content, err := s.readFile(eventsDir + "/" + name)
		if err != nil {
			return err
		}
		t, err := parse(name, content)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s/%s: %w", eventsDir, name, err))
			continue
		}
		all[t.header.Transaction] = t
	}
	if len(wrong) > 0 {
		return damaged(wrong...)
	}
	return s.build(all)
}

// build puts the appends in order and indexes them.
func (s *Store) build(all map[eventcore.EventID]*transaction) error {
	chain, err := ordered(all)
	if err != nil {
		return damaged(err)
	}
	for _, t := range chain {
		if err := s.index.check(t); err != nil {
			return damaged(fmt.Errorf("%s/%s: %w", eventsDir, fileName(t.header.Transaction), err))
		}
		s.index.add(t)
	}
	return nil
}

func damaged(errs ...error) error { return fmt.Errorf("%w: %w", ErrDamaged, errors.Join(errs...)) }

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
// durable when it returns.
func (s *Store) writeFile(name string, content []byte) error {
	draft := tmpDir + "/" + strings.ReplaceAll(name, "/", "-")
	if err := s.writeDraft(draft, content); err != nil {
		return err
	}
	if err := s.fs.Rename(draft, name); err != nil {
		return err
	}
	return s.syncDir(name[:strings.LastIndexByte(name, '/')])
}

// writeDraft writes a new file in tmp and makes its content durable.
func (s *Store) writeDraft(name string, content []byte) error {
	f, err := s.fs.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil && s.cfg.Fsync == FsyncAlways {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (s *Store) syncDir(name string) error {
	if s.cfg.Fsync != FsyncAlways {
		return nil
	}
	return s.fs.SyncDir(name)
}

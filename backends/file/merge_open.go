package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// What is written for git, where there is no such file yet. Each of the two is in the
// directory that it is about, so that only events/ is committed, and comes with its rules.
const (
	gitignore     = "/*\n!/events/\n"
	gitattributes = "*.jsonl -text merge=binary\n"
)

// OpenMerge opens the working copy of a store in a directory, which it makes if there is
// none, and ingests what is new in it. Transactions that lack a parent are left for later.
// Where one is damaged or missing that was ingested before, or two working copies bear one
// name, it succeeds all the same, for [MergeStore.Status] to tell; but reads and appends
// are refused until that is mended. The caller closes the store.
func OpenMerge(ctx context.Context, dir string, cfg MergeConfig) (*MergeStore, error) {
	cfg, err := cfg.filled(dir)
	if err != nil {
		return nil, err
	}
	m := &MergeStore{store: newStore(dir, cfg.Config), cfg: cfg}
	if err := m.open(ctx); err != nil {
		return nil, m.store.notOpened(err)
	}
	return m, nil
}

func (m *MergeStore) open(ctx context.Context) error {
	s := m.store
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := m.forGit(); err != nil {
		return err
	}
	if err := m.identify(); err != nil {
		return err
	}
	_, err := s.fs.Stat(suspectFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	m.suspect = err == nil
	if err := s.suspect(); err != nil {
		return err
	}
	if err := m.readLog(); err != nil {
		return err
	}
	if err := m.refresh(ctx); m.refused() == nil {
		return err
	}
	return nil // Status tells
}

// forGit writes the files for git.
func (m *MergeStore) forGit() error {
	s := m.store
	for _, f := range [][2]string{{".gitignore", gitignore}, {eventsDir + "/.gitattributes", gitattributes}} {
		name, content := f[0], f[1]
		_, err := s.fs.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			err = s.writeFile(name, []byte(content), s.cfg.Fsync)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Refresh ingests the transactions whose files were put into the directory since the last
// time, and checks all that are there. The error is [ErrDamaged] where one is damaged or
// missing that was ingested before, or [ErrIdentityConflict]; nothing is ingested then, and
// reads and appends are refused until a later Refresh finds it mended.
func (m *MergeStore) Refresh(ctx context.Context) error {
	if err := m.in(ctx, "file: refresh", func() error { return m.refresh(ctx) }); err != nil {
		return fmt.Errorf("file: refresh: %w", err)
	}
	return nil
}

// settle finishes or undoes what has failed half way.
func (m *MergeStore) settle(ctx context.Context) error {
	if !m.unsettled {
		return nil
	}
	m.suspect = true
	if m.draft != "" {
		if err := ignoreMissing(m.store.fs.Remove(m.draft)); err != nil {
			return err
		}
		m.draft = ""
	}
	if err := m.writeLog(); err != nil {
		return err
	}
	m.unsettled = false
	if err := m.refresh(ctx); err != nil && m.refused() == nil {
		m.unsettled = true
		return err
	}
	return nil
}

// Append implements [eventcore.Store] for this working copy: expected versions are those
// that [MergeStore.ReadStream] returns here. The transaction follows all that were ingested
// and that no other one follows. Of an unknown outcome, what became of it is found out by
// the next call.
func (m *MergeStore) Append(ctx context.Context, writes eventcore.Writes) (done eventcore.Appended, err error) {
	now := m.cfg.Clock.Now().UTC().Round(0)
	inside := false
	err = m.in(ctx, "file: write", func() error {
		inside = true
		done, err = m.append(ctx, &writes, now)
		return err
	})
	if err != nil && !inside {
		err = notApplied(err)
	}
	return done, err
}

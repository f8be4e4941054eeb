package raftwal

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/raft-wal/types"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// meta stands in for raft-wal's own store of its metadata, a BoltDB, which maps its file into memory and so cannot lie on
// another file system. Its file is replaced as a whole.
type meta struct {
	fs vfs.FS

	mu     sync.Mutex
	stable map[string][]byte
}

var _ types.MetaStore = (*meta)(nil)

const (
	metaFile  = dir + "/meta.json"
	metaDraft = dir + "/meta.draft"
)

// Load implements [types.MetaStore].
func (m *meta) Load(string) (state types.PersistentState, err error) {
	f, err := m.fs.OpenFile(metaFile, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil
	}
	if err != nil {
		return state, err
	}
	return state, errors.Join(json.NewDecoder(f).Decode(&state), f.Close())
}

// CommitState implements [types.MetaStore].
func (m *meta) CommitState(state types.PersistentState) error {
	for i := range state.Segments {
		state.Segments[i].CreateTime = time.Time{} // of use for a gauge alone, and not up to the seed
	}
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	f, err := m.fs.OpenFile(metaDraft, os.O_CREATE|os.O_TRUNC|os.O_WRONLY)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := m.fs.Rename(metaDraft, metaFile); err != nil {
		return err
	}
	return m.fs.SyncDir(dir)
}

// GetStable implements [types.MetaStore]. An event store keeps nothing there.
func (m *meta) GetStable(key []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stable[string(key)], nil
}

// SetStable implements [types.MetaStore].
func (m *meta) SetStable([]byte, []byte) error { return errors.ErrUnsupported }

// Close implements [types.MetaStore].
func (m *meta) Close() error { return nil }

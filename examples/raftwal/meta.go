package raftwal

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/hashicorp/raft-wal/types"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// metaFile has raft-wal's list of segments.
const metaFile = "segments.meta"

// metaStore is in the place of BoltDB, which raft-wal has no file system for: a file that is
// replaced as a whole.
type metaStore struct {
	fs   vfs.FS
	lock io.Closer
}

// checksumLen is the number of hexadecimal digits of the checksum, which the state follows.
const checksumLen = 8

// Load implements [types.MetaStore]. What it finds is written anew: the crash may have come before
// it was durable.
func (m *metaStore) Load(string) (types.PersistentState, error) {
	lock, err := m.fs.Lock("lock")
	if err != nil {
		return types.PersistentState{}, err
	}
	m.lock = lock
	content, err := readFile(m.fs, metaFile)
	if errors.Is(err, fs.ErrNotExist) {
		return types.PersistentState{}, nil
	}
	if err != nil {
		return types.PersistentState{}, err
	}
	var state types.PersistentState
	if len(content) < checksumLen || sum(content[checksumLen:]) != string(content[:checksumLen]) {
		return state, fmt.Errorf("%s is damaged", metaFile)
	}
	if err := json.Unmarshal(content[checksumLen:], &state); err != nil {
		return state, err
	}
	return state, m.CommitState(state)
}

func sum(content []byte) string {
	return fmt.Sprintf("%08x", crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)))
}

// CommitState implements [types.MetaStore].
func (m *metaStore) CommitState(state types.PersistentState) error {
	for i := range state.Segments {
		// raft-wal takes it from the clock of the machine and does nothing with it.
		state.Segments[i].CreateTime = time.Time{}
	}
	content, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return replace(m.fs, metaFile, append([]byte(sum(content)), content...))
}

var errNoStable = errors.New("the event store keeps nothing but the log")

// GetStable implements [types.MetaStore].
func (m *metaStore) GetStable([]byte) ([]byte, error) { return nil, errNoStable }

// SetStable implements [types.MetaStore].
func (m *metaStore) SetStable(_, _ []byte) error { return errNoStable }

// Close implements [types.MetaStore].
func (m *metaStore) Close() error {
	if m.lock == nil {
		return nil
	}
	return m.lock.Close()
}

func readFile(files vfs.FS, name string) ([]byte, error) {
	f, err := files.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	content, err := readAll(f)
	return content, errors.Join(err, f.Close())
}

func readAll(f vfs.File) ([]byte, error) {
	size, err := f.Size()
	if err != nil || size == 0 {
		return nil, err
	}
	content := make([]byte, size)
	_, err = io.ReadFull(io.NewSectionReader(f, 0, size), content)
	return content, err
}

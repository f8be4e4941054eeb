package raftwal_test

import (
	"errors"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/fs"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"
)

// failing is raft-wal's own file system, on real files, whose first sync fails.
type failing struct {
	*fs.FS
	failed bool
}

func (f *failing) Create(dir, name string, size uint64) (types.WritableFile, error) {
	file, err := f.FS.Create(dir, name, size)
	return &once{file, f}, err
}

type once struct {
	types.WritableFile
	*failing
}

var errSync = errors.New("input/output error")

func (o *once) Sync() error {
	if !o.failed {
		o.failed = true
		return errSync
	}
	return o.WritableFile.Sync()
}

// TestALogIsSealedByWhatAFailedSyncLeft shows a bug of raft-wal 0.4.2 with nothing of ours: its
// files, its list of segments, its directory. When it fails, raft-wal has mended it.
func TestALogIsSealedByWhatAFailedSyncLeft(t *testing.T) {
	dir := t.TempDir()
	files := &failing{FS: fs.New()}
	open := func() *wal.WAL {
		w, err := wal.Open(dir, wal.WithLogger(hclog.NewNullLogger()), wal.WithSegmentSize(1<<20),
			wal.WithSegmentFiler(segment.NewFiler(dir, files)))
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := open()
	first, second := &raft.Log{Index: 1, Data: []byte("first")}, &raft.Log{Index: 2, Data: []byte("second")}
	if err := w.StoreLogs([]*raft.Log{first, second}); !errors.Is(err, errSync) {
		t.Fatalf("the first sync is to fail: %v", err)
	}
	// The next append takes the place of the one that failed, and leaves the end of it.
	if err := w.StoreLogs([]*raft.Log{first}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = open()
	defer w.Close()
	if err := w.StoreLogs([]*raft.Log{second}); !errors.Is(err, wal.ErrSealed) {
		t.Fatalf("StoreLogs after the log was opened again: %v; it was: %v", err, wal.ErrSealed)
	}
}

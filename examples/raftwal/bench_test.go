package raftwal_test

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"example.org/raftwal"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// data is that of an event as most are.
const data = `{"account":"a-1","amount":100,"currency":"EUR"}`

// BenchmarkAppend puts raft-wal, as published and as a store, beside the file backend of this repository, on one disk and
// with one promise: what was acknowledged was synced. They take turns, so that what else the machine does hits all of them.
func BenchmarkAppend(b *testing.B) {
	dir := b.TempDir()
	published, err := wal.Open(b.TempDir(), wal.WithLogger(hclog.NewNullLogger()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = published.Close() })
	store, err := raftwal.Open(vfs.Dir(filepath.Join(dir, "raftwal")), eventcore.SystemClock{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	files, err := file.Open(b.Context(), filepath.Join(dir, "files"), file.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = files.Close() })
	names := []string{"raft-wal", "raftwal", "file"}
	took := make([]time.Duration, len(names))
	var n uint64
	for b.Loop() {
		n++
		for i, add := range []func() error{
			func() error {
				return published.StoreLog(&raft.Log{Index: n, Type: raft.LogCommand, Data: []byte(data)})
			},
			func() error { return add(b, store, n) },
			func() error { return add(b, files, n) },
		} {
			began := time.Now()
			if err := add(); err != nil {
				b.Fatal(err)
			}
			took[i] += time.Since(began)
		}
	}
	for i, name := range names {
		b.ReportMetric(float64(n)/took[i].Seconds(), name+"/s")
	}
	b.ReportMetric(0, "ns/op") // of all of them together: says nothing
}

// add appends event number n.
func add(b *testing.B, store eventcore.Store, n uint64) error {
	id := eventcore.MustStreamID(fmt.Sprint("account-", 1))
	var w eventcore.Writes
	if err := w.Expect(id, eventcore.Version(n-1)); err != nil {
		return err
	}
	var event eventcore.EventID
	binary.BigEndian.PutUint64(event[8:], n)
	if err := w.Append(id, eventcore.Proposed{ID: event, Type: "deposited", Data: []byte(data)}); err != nil {
		return err
	}
	_, err := store.Append(b.Context(), w)
	return err
}

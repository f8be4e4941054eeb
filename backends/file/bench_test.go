package file_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/benchtest"
)

// The benchmarks stand beside a raw baseline: the least work for the same guarantee with
// bare calls of the operating system, without checks, hashes and index.

func BenchmarkAppend(b *testing.B) {
	for name, policy := range map[string]file.FsyncPolicy{"always": file.FsyncAlways, "never": file.FsyncNever} {
		cfg := file.Config{Fsync: policy}
		b.Run("fsync="+name, func(b *testing.B) {
			benchtest.Append(b, func(b *testing.B, _ benchtest.Shape) (store, raw benchtest.Adder) {
				s, dir := open(b, b.TempDir(), cfg), b.TempDir()
				for _, sub := range []string{"tmp", "events"} {
					require.NoError(b, os.Mkdir(filepath.Join(dir, sub), 0o750))
				}
				var turn sync.Mutex // appends take turns there too
				return func(w eventcore.Writes) error {
						_, err := s.Append(b.Context(), w)
						return err
					}, func(w eventcore.Writes) error {
						lines, err := rawLines(w)
						if err != nil {
							return err
						}
						turn.Lock()
						defer turn.Unlock()
						return rawAppend(dir, lines, policy == file.FsyncAlways)
					}
			})
		})
	}
}

func rawLines(w eventcore.Writes) (lines []byte, err error) {
	for _, e := range w.Events() {
		line, err := json.Marshal(&e.Event)
		if err != nil {
			return nil, err
		}
		lines = append(append(lines, line...), '\n')
	}
	return lines, nil
}

// rawAppend keeps lines in a new file, as durably as a store does.
func rawAppend(dir string, lines []byte, fsync bool) error {
	name := uuid.Must(uuid.NewV7()).String()
	f, err := os.Create(filepath.Join(dir, "tmp", name))
	if err != nil {
		return err
	}
	_, err = f.Write(lines)
	if err == nil && fsync {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, "events", name))
	}
	if err == nil && fsync {
		var d *os.File
		if d, err = os.Open(filepath.Join(dir, "events")); err == nil {
			err = d.Sync()
			_ = d.Close()
		}
	}
	return err
}

// rawReader reads the files of a store in the order of their names, each of which has
// [benchtest.FilledAtATime] events.
type rawReader struct {
	tb    testing.TB
	names []string
}

func (r *rawReader) read(after int64, limit int) (n int) {
	first := int(after) / benchtest.FilledAtATime
	skip := int(after) % benchtest.FilledAtATime
	for _, name := range r.names[first:] {
		if n == limit {
			break
		}
		n += len(rawRead(r.tb, name, skip, limit-n))
		skip = 0
	}
	return n
}

func (r *rawReader) readStream(_ string, after int64) int { return r.read(after, benchtest.Filled) }

func (r *rawReader) readAll(after int64, limit int) (n int, last int64) {
	n = r.read(after, limit)
	return n, after + int64(n)
}

// rawRead decodes lines of a file, those behind some that it passes over.
func rawRead(tb testing.TB, name string, skip, limit int) (all []eventcore.Recorded) {
	tb.Helper()
	f, err := os.Open(name)
	if err != nil {
		tb.Error(err)
		return nil
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for range skip + 1 { // and the header
		lines.Scan()
	}
	for len(all) < limit && lines.Scan() {
		var l struct {
			ID             uuid.UUID
			Stream, Type   string
			Data, Metadata json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			tb.Error(err)
		}
		all = append(all, eventcore.Recorded{ID: l.ID, Type: l.Type, Data: l.Data, Metadata: l.Metadata})
	}
	return all
}

// filled returns the directory of a store that is filled, the store, and a raw reader.
func filled(b *testing.B, streams int) (string, *file.Store, *rawReader) {
	b.Helper()
	dir := b.TempDir()
	s := open(b, dir, fast)
	benchtest.Fill(b, s, streams)
	names, err := filepath.Glob(filepath.Join(dir, "events", "*"))
	require.NoError(b, err)
	return dir, s, &rawReader{b, names}
}

func BenchmarkReadStream(b *testing.B) {
	_, s, raw := filled(b, 1)
	benchtest.ReadStream(b, s, raw.readStream)
}

func BenchmarkReadAll(b *testing.B) {
	_, s, raw := filled(b, 10)
	benchtest.ReadAll(b, s, raw.readAll)
}

// BenchmarkOpen opens a store of 100,000 events that lie in 100 files.
func BenchmarkOpen(b *testing.B) {
	dir, s, _ := filled(b, 1)
	require.NoError(b, s.Close())
	b.ReportAllocs()
	for b.Loop() {
		s, err := file.Open(b.Context(), dir, fast)
		require.NoError(b, err)
		require.NoError(b, s.Close())
	}
}

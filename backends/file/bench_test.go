package file_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The benchmarks stand beside a raw baseline: the least work for the same guarantee with
// bare calls of the operating system, without checks, hashes and index.

// clients are the numbers of goroutines that work at the same time.
var clients = []int{1, 8, 32}

// spread has b.Loop's iterations done by so many goroutines.
func spread(b *testing.B, clients int, work func(client int)) {
	b.Helper()
	b.ReportAllocs()
	if clients == 1 {
		for b.Loop() {
			work(0)
		}
		return
	}
	turns := make(chan struct{})
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			for range turns {
				work(client)
			}
		})
	}
	for b.Loop() {
		turns <- struct{}{}
	}
	close(turns)
	group.Wait()
}

// rawAppend keeps lines in a new file, as durably as a store does.
func rawAppend(b *testing.B, dir string, lines []byte, fsync bool) {
	b.Helper()
	name := uuid.Must(uuid.NewV7()).String()
	f, err := os.Create(filepath.Join(dir, "tmp", name))
	if err != nil {
		b.Error(err)
		return
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
	if err != nil {
		b.Error(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, fsync := range []bool{true, false} {
		cfg := file.Config{}
		if !fsync {
			cfg.Fsync = file.FsyncNever
		}
		for _, shape := range []struct{ streams, events int }{{1, 1}, {1, 10}, {2, 1}} {
			for _, n := range clients {
				name := fmt.Sprintf("fsync=%v/streams=%d/events=%d/clients=%d", fsync, shape.streams, shape.events, n)
				b.Run(name+"/store", func(b *testing.B) {
					s := open(b, b.TempDir(), cfg)
					versions := make([]eventcore.Version, n)
					spread(b, n, func(client int) {
						ids := make([]eventcore.StreamID, shape.streams)
						for i := range ids {
							ids[i] = eventcore.MustStreamID(fmt.Sprintf("account-%d-%d", client, i))
						}
						appendTo(b, s, versions[client], shape.events, ids...)
						versions[client] += eventcore.Version(shape.events)
					})
				})
				b.Run(name+"/raw", func(b *testing.B) {
					dir := b.TempDir()
					for _, sub := range []string{"tmp", "events"} {
						if err := os.Mkdir(filepath.Join(dir, sub), 0o750); err != nil {
							b.Fatal(err)
						}
					}
					var turn sync.Mutex // appends take turns there too
					spread(b, n, func(int) {
						var lines []byte
						for range shape.streams * shape.events {
							line, err := json.Marshal(proposed("deposited", `{"n":1}`))
							if err != nil {
								b.Error(err)
							}
							lines = append(append(lines, line...), '\n')
						}
						turn.Lock()
						defer turn.Unlock()
						rawAppend(b, dir, lines, fsync)
					})
				})
			}
		}
	}
}

// BenchmarkRead reads 100,000 events that lie in 100 files; the raw baseline decodes
// their lines one after the other.
func BenchmarkRead(b *testing.B) {
	const events, step = 100_000, 1000
	dir := b.TempDir()
	s := open(b, dir, fast)
	id := eventcore.MustStreamID("a")
	for version := 0; version < events; version += step {
		appendTo(b, s, eventcore.Version(version), step, id)
	}
	b.Run("stream/store", func(b *testing.B) {
		spread(b, 1, func(int) {
			if n := len(stream(b, s, id)); n != events {
				b.Error(n)
			}
		})
	})
	b.Run("all/page=100/store", func(b *testing.B) {
		var after eventcore.Position
		spread(b, 1, func(int) {
			n := 0
			for e, err := range s.ReadAll(b.Context(), eventcore.Filter{}, after, 100) {
				if err != nil {
					b.Error(err)
				}
				after = e.Position
				n++
			}
			if n == 0 {
				after = eventcore.Position{}
			}
		})
	})
	names, err := filepath.Glob(filepath.Join(dir, "events", "*"))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("stream/raw", func(b *testing.B) {
		spread(b, 1, func(int) {
			var all []eventcore.Recorded
			for _, name := range names {
				all = append(all, rawRead(b, name)...)
			}
			if len(all) != events {
				b.Error(len(all))
			}
		})
	})
	b.Run("open", func(b *testing.B) {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		spread(b, 1, func(int) {
			s, err := file.Open(b.Context(), dir, fast)
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	})
}

func rawRead(b *testing.B, name string) (all []eventcore.Recorded) {
	b.Helper()
	f, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan() // the header
	for lines.Scan() {
		var l struct {
			ID             uuid.UUID
			Stream, Type   string
			Data, Metadata json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			b.Fatal(err)
		}
		all = append(all, eventcore.Recorded{ID: l.ID, Type: l.Type, Data: l.Data, Metadata: l.Metadata})
	}
	return all
}

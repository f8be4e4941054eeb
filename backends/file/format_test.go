package file_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

var update = flag.Bool("update", false, "write the golden files")

type fixedClock struct {
	eventcore.SystemClock
	at time.Time
}

func (c fixedClock) Now() time.Time { return c.at }

// odd are payloads that a line of JSON does not bring back as they were.
var odd = []string{
	`{"n": 1,  "s": "<&>\u003c\u2028é"}`, "{\"a\":\n1}", " 1", "1\t", "\r\n[]\n", "null", `"\ud800"`, "\"\xff\"", `1e400`, `{"a":1,"a":2}`, `""`,
}

// TestTheFormatIsTheGoldenOne holds what is on disk, byte for byte.
func TestTheFormatIsTheGoldenOne(t *testing.T) {
	dir := t.TempDir()
	clock := fixedClock{at: time.Date(2031, 2, 3, 4, 5, 6, 123_456_789, time.FixedZone("", 3600))}
	ids := eventcore.NewIDGenerator(clock, rand.New(rand.NewPCG(1, 2)))
	s := open(t, dir, file.Config{Clock: clock, IDs: ids, Fsync: file.FsyncNever})
	a, b := eventcore.MustStreamID("account/<1>"), eventcore.MustStreamID("bücher")
	var w eventcore.Writes
	require.NoError(t, w.Expect(a, 0))
	require.NoError(t, w.Expect(b, 0))
	for _, data := range odd {
		require.NoError(t, w.Append(a, eventcore.Proposed{ID: ids.NewEventID(), Type: "odd", Data: []byte(data)}))
	}
	require.NoError(t, w.Append(b, eventcore.Proposed{ID: ids.NewEventID(), Type: "a\xffb", Data: []byte("1"), Metadata: []byte(" {} ")}))
	_, err := s.Append(t.Context(), w)
	require.NoError(t, err)
	var second eventcore.Writes
	require.NoError(t, second.Expect(b, 1))
	require.NoError(t, second.Append(b, eventcore.Proposed{ID: ids.NewEventID(), Type: "x", Data: []byte("{}"), Metadata: []byte(`{"correlation":"c"}`)}))
	_, err = s.Append(t.Context(), second)
	require.NoError(t, err)
	require.NoError(t, s.Close())

	names, err := filepath.Glob(filepath.Join(dir, "events", "*"))
	require.NoError(t, err)
	var got strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		got.WriteString("-- " + filepath.Base(name) + " --\n" + string(data))
	}
	const golden = "testdata/format.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String(), "stores that were written before must stay readable: raise the format's version; then run with -update")

	again := open(t, dir, fast)
	for i, e := range stream(t, again, a) {
		require.Equal(t, odd[i], string(e.Data))
		require.Nil(t, e.Metadata)
		require.Equal(t, clock.at.UTC(), e.RecordedAt)
	}
	last := stream(t, again, b)
	require.Equal(t, "a\xffb", last[0].Type)
	require.Equal(t, " {} ", string(last[0].Metadata))
}

// FuzzOpen opens a store with one file of any content: it is either refused, or read to
// its end without an error.
func FuzzOpen(f *testing.F) {
	seed := f.TempDir()
	s, err := file.Open(context.Background(), seed, fast)
	require.NoError(f, err)
	appendTo(f, s, 0, 2, eventcore.MustStreamID("a"), eventcore.MustStreamID("b"))
	require.NoError(f, s.Close())
	names, err := filepath.Glob(filepath.Join(seed, "events", "*"))
	require.NoError(f, err)
	data, err := os.ReadFile(names[0])
	require.NoError(f, err)
	f.Add(data)
	f.Add(data[:100])
	f.Add([]byte("{}\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		d := disk.New(disk.Config{}) // a real one would be a thousand times slower
		require.NoError(t, d.MkdirAll("events"))
		f, err := d.OpenFile("events/"+filepath.Base(names[0]), os.O_WRONLY|os.O_CREATE)
		require.NoError(t, err)
		_, err = f.Write(data)
		require.NoError(t, err)
		s, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
		if err != nil {
			require.ErrorIs(t, err, file.ErrDamaged)
			return
		}
		require.NotEmpty(t, global(t, s))
		require.NoError(t, s.Close())
	})
}

package sqlite_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/benchtest"
)

// The benchmarks stand beside a raw baseline: the least work for the same guarantee
// with bare database/sql on the same tables (raw_test.go).

func BenchmarkAppend(b *testing.B) {
	for mode, synchronous := range map[string]sqlite.Synchronous{"full": sqlite.SynchronousFull, "normal": sqlite.SynchronousNormal} {
		cfg := sqlite.Config{Synchronous: synchronous}
		b.Run("sync="+mode, func(b *testing.B) {
			benchtest.Append(b, func(b *testing.B, _ benchtest.Shape) (store, raw benchtest.Adder) {
				s := open(b, file(b), cfg)
				return func(w eventcore.Writes) error {
					_, err := s.Append(b.Context(), w)
					return err
				}, openRaw(b, file(b), cfg).append
			})
		})
	}
}

// filled returns the file of a store that is filled.
func filled(b *testing.B, streams int) string {
	b.Helper()
	path := file(b)
	benchtest.Fill(b, open(b, path, sqlite.Config{}), streams)
	return path
}

func BenchmarkReadStream(b *testing.B) {
	path := filled(b, 1)
	benchtest.ReadStream(b, open(b, path, sqlite.Config{}), openRaw(b, path, sqlite.Config{}).readStream)
}

func BenchmarkReadAll(b *testing.B) {
	path := filled(b, 10)
	benchtest.ReadAll(b, open(b, path, sqlite.Config{}), openRaw(b, path, sqlite.Config{}).readAll)
}

// BenchmarkReadAllFiltered reads the 100 events of one stream among 100,000 others.
func BenchmarkReadAllFiltered(b *testing.B) {
	path := filled(b, 1)
	s := open(b, path, sqlite.Config{})
	appendTo(b, s, 0, 100, eventcore.MustStreamID("rare-1"))
	prefix, err := eventcore.ParseStreamPrefix("rare-")
	require.NoError(b, err)
	pattern, err := eventcore.ParseStreamPattern("*are-[0-9]")
	require.NoError(b, err)
	for name, filter := range map[string]eventcore.Filter{
		"prefix": {Prefix: prefix}, "pattern": {Pattern: pattern}, "type": {Types: []string{"none"}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range s.ReadAll(b.Context(), filter, eventcore.Position{}, 0) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

package report_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/report"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

var update = flag.Bool("update", false, "write the golden files")

func backend(name string) sim.Backend {
	if name == "file" {
		return sim.Backend{Name: name, Durable: true, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return file.Open(ctx, "", file.Config{
				FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random),
			})
		}}
	}
	return sim.Backend{Name: name, Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return memory.New(memory.Config{Clock: env.Clock}), nil
	}}
}

// replayed runs a seed file of the corpus.
func replayed(t *testing.T, path string) *sim.Result {
	t.Helper()
	f, err := seedfile.Load(filepath.Join("testdata", path))
	require.NoError(t, err)
	cfg, err := f.Config(backend(f.Backend))
	require.NoError(t, err)
	r, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	return r
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run the test with -update")
}

// One file shows what there is to draw: an interleaving, faults, a crash, operations where no
// call proves anything, and the final read.
func TestScreensOfShrunkRuns(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), 5)
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			r := replayed(t, name+".json")
			require.True(t, r.Failed(), r.Reason)
			var out strings.Builder
			require.NoError(t, report.Failure(&out, r, "simrun replay "+name+".json"))
			golden(t, name+".screen.txt", out.String())
			golden(t, name+".steps.txt", strings.Join(report.Steps(r), "\n")+"\n")
			require.LessOrEqual(t, strings.Count(out.String(), "\n"), 50, "more than one screen")
			requireNarrow(t, out.String())
		})
	}
}

// requireNarrow looks at the timeline.
func requireNarrow(t *testing.T, screen string) {
	t.Helper()
	_, rest, found := strings.Cut(screen, "\n  timeline")
	require.True(t, found, screen)
	picture, _, _ := strings.Cut(rest, "\n\n  program:")
	for line := range strings.Lines(picture) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 100, line)
	}
}

// A run that was not shrunk has far more calls than fit: the part with the proof is shown.
func TestALongRunIsCutToThePartThatProvesIt(t *testing.T) {
	m, err := mutant.Lookup("stale-read")
	require.NoError(t, err)
	s, err := scenarios.Lookup("mixed")
	require.NoError(t, err)
	for seed := range uint64(60) {
		r, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: backend("memory"), Scenario: s, Mutant: &m})
		require.NoError(t, err)
		if !r.Failed() || len(r.History.Operations) < 100 || len(r.Findings[0].Operations) == 0 {
			continue
		}
		var out strings.Builder
		require.NoError(t, report.Failure(&out, r))
		require.Contains(t, out.String(), " more parts)")
		require.Contains(t, out.String(), "=")
		require.LessOrEqual(t, strings.Count(out.String(), "\n"), 70, "more than one screen")
		requireNarrow(t, out.String())
		return
	}
	t.Fatal("no long run was found")
}

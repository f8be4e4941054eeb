package site_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/report/site"
)

func memoryBackend() sim.Backend {
	return sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
		return memory.New(memory.Config{Clock: env.Clock}), nil
	}}
}

func fileBackend() sim.Backend {
	return sim.Backend{Name: "file", Durable: true, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		return file.Open(ctx, "", file.Config{FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random)})
	}}
}

// build makes a site of a few runs, with failures among them: one of a store that loses
// appends, one of a store that crashes and forgets to sync, and one of about 1,000 calls.
func build(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SITE_DIR") // to be looked at
	if dir == "" {
		dir = t.TempDir()
	}
	s, err := site.New(dir)
	require.NoError(t, err)
	b := sim.Batch{
		Runs: func(yield func(sim.Config) bool) {
			for _, cfg := range configs(t) {
				if !yield(cfg) {
					return
				}
			}
		},
		OnResult: func(r *sim.Result) bool {
			require.NoError(t, s.Add(r, "go run ./cmd/simrun replay x.json"))
			return true
		},
	}
	summary, err := b.Do(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Close(&summary, summary.Worst(), []string{"fault <b>x</b> never fired"}, time.Second))
	return dir
}

func configs(t *testing.T) []sim.Config {
	t.Helper()
	lookup := func(scenario, bug string) sim.Config {
		s, err := scenarios.Lookup(scenario)
		require.NoError(t, err)
		cfg := sim.Config{Seed: 6, Backend: memoryBackend(), Scenario: s}
		if bug != "" {
			m, err := mutant.Lookup(bug)
			require.NoError(t, err)
			cfg.Mutant = &m
		}
		return cfg
	}
	skew, large := lookup("write-skew", "unchecked-participant"), lookup("mixed", "stale-read")
	large.Replay = &sim.Replay{Program: large.Scenario.Generate(rand.New(rand.NewPCG(1, 2)), scenarios.Params{Clients: 6, OpsPerClient: 150, Streams: 6}, nil)}
	unsynced := lookup("contention", "unsynced-file")
	unsynced.Seed, unsynced.Backend = 50, fileBackend()
	led := lookup("leadership", "stale-check")
	led.Seed = 5
	return []sim.Config{lookup("mixed", ""), lookup("contention", ""), skew, unsynced, led, large}
}

// page returns the path of the page of the failure with that scenario.
func page(t *testing.T, dir, scenario string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*-"+scenario+"-[0-9]*.html"))
	require.NoError(t, err)
	for _, path := range all {
		if !strings.HasSuffix(path, "-porcupine.html") {
			return path
		}
	}
	require.Fail(t, "no page of "+scenario)
	return ""
}

func TestSite(t *testing.T) {
	dir := build(t)
	t.Run("it is self-contained", func(t *testing.T) { selfContained(t, dir) })
	t.Run("the index has what ran", func(t *testing.T) { indexHasWhatRan(t, dir) })
	t.Run("in a browser", func(t *testing.T) { inABrowser(t, dir) })
}

func selfContained(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.html"))
	require.NoError(t, err)
	// An index, four failures, and two pictures by porcupine, which draws neither 1,000 calls nor
	// histories that a crash has ended.
	require.Len(t, files, 1+4+2, "%v", files)
	link := regexp.MustCompile(`(?:href|src|data-src)="([^"#]+)"`)
	for _, path := range files {
		text := read(t, path)
		require.NotRegexp(t, `(src|href)="(https?:)?//`, text, path)
		if strings.HasSuffix(path, "-porcupine.html") {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "data:") {
				require.FileExists(t, filepath.Join(dir, m[1]), "%s links to it", path)
			}
		}
	}
}

func indexHasWhatRan(t *testing.T, dir string) {
	t.Helper()
	text := read(t, filepath.Join(dir, "index.html"))
	for _, want := range []string{
		"contention", "write-skew", "memory", "file", "Faults fired", "store calls", "a second", "unchecked-participant",
		"fault &lt;b&gt;x&lt;/b&gt; never fired", filepath.Base(page(t, dir, "write-skew")), "seed 6: pass", "seed 6: violation",
	} {
		require.Contains(t, text, want)
	}
}

func TestTheSameRunsMakeTheSamePages(t *testing.T) {
	first, second := build(t), build(t)
	for _, scenario := range []string{"write-skew", "contention"} {
		require.Equal(t, read(t, page(t, first, scenario)), read(t, page(t, second, scenario)), scenario)
	}
}

func TestAFolderThatCannotBeMadeIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := site.New(filepath.Join(path, "site"))
	require.ErrorContains(t, err, path)
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

package sensitivity_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sensitivity"
)

func config(t *testing.T, names ...string) sensitivity.Config {
	t.Helper()
	cfg := sensitivity.Config{
		Schedulers: []string{"random", "round-robin"}, Trials: 2, Budget: time.Minute,
		Backend: sim.Backend{Name: "memory", Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
			return memory.New(memory.Config{Clock: env.Clock}), nil
		}},
		Durable: sim.Backend{Name: "file", Durable: true, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
			return file.Open(ctx, "", file.Config{FS: env.Disk.FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random)})
		}},
	}
	for _, name := range names {
		m, err := mutant.Lookup(name)
		require.NoError(t, err)
		cfg.Mutants = append(cfg.Mutants, m)
	}
	return cfg
}

func TestPlantedBugsAreFoundInTheSameSeedsEachTime(t *testing.T) {
	// Both are found by their contents, so the naive way finds them too.
	cfg := config(t, "reordered-batch", "wrong-version-result")
	rows, err := sensitivity.Measure(t.Context(), cfg)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	for _, row := range rows {
		require.Len(t, row.BySimulator, 2)
		for _, cell := range append(row.BySimulator, *row.Naive) {
			require.Zero(t, cell.Missed, "%+v", row)
			require.Len(t, cell.Seeds, 2)
		}
	}
	again, err := sensitivity.Measure(t.Context(), cfg)
	require.NoError(t, err)
	for i := range rows {
		require.Equal(t, rows[i].BySimulator, again[i].BySimulator)
	}
	var table bytes.Buffer
	require.NoError(t, sensitivity.WriteTable(&table, cfg, rows))
	require.Contains(t, table.String(), "| mutant | random | round-robin | naive |")
	require.Contains(t, table.String(), "| reordered-batch | 1 / 1 | ")
	require.Contains(t, table.String(), "the simulator found the bug in 8 of 8 trials, the naive way in 4 of the 4 that it can make")
}

func TestTheNaiveWayCannotCrashAStore(t *testing.T) {
	if testing.Short() {
		t.Skip("crashes of the file store take seconds under the race detector")
	}
	cfg := config(t, "unsynced-file")
	cfg.Trials, cfg.Schedulers = 1, []string{"random"}
	rows, err := sensitivity.Measure(t.Context(), cfg)
	require.NoError(t, err)
	require.Len(t, rows[0].BySimulator[0].Seeds, 1)
	require.Nil(t, rows[0].Naive)
}

// Neither way accuses a store that is right: the bug that is planted does nothing.
func TestNothingIsFoundWhereNothingIsPlanted(t *testing.T) {
	cfg := config(t)
	cfg.Mutants = []mutant.Mutant{{Name: "none", Wrap: func(inner eventcore.Store) eventcore.Store { return inner }}}
	cfg.Trials, cfg.Budget = 1, 700*time.Millisecond
	rows, err := sensitivity.Measure(t.Context(), cfg)
	require.NoError(t, err)
	for _, cell := range append(rows[0].BySimulator, *rows[0].Naive) {
		require.Equal(t, 1, cell.Missed)
		require.Empty(t, cell.Seeds)
	}
	require.Equal(t, "never", rows[0].Naive.String())
}

func TestCellsSayWhatWasMissed(t *testing.T) {
	for want, cell := range map[string]sensitivity.Cell{
		"2 / 7":  {Seeds: []int{1, 2, 7}},
		"2 / –":  {Seeds: []int{1, 2}, Missed: 1},
		"1 of 3": {Seeds: []int{1}, Missed: 2},
		"never":  {Missed: 3},
	} {
		require.Equal(t, want, cell.String())
	}
}

func TestWrongConfigurationsAreRefused(t *testing.T) {
	for want, spoil := range map[string]func(*sensitivity.Config){
		"Trials is 0":      func(c *sensitivity.Config) { c.Trials = 0 },
		"Budget is 0s":     func(c *sensitivity.Config) { c.Budget = 0 },
		"Backend is empty": func(c *sensitivity.Config) { c.Backend = sim.Backend{} },
	} {
		cfg := config(t)
		spoil(&cfg)
		_, err := sensitivity.Measure(t.Context(), cfg)
		require.ErrorContains(t, err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sensitivity.Measure(ctx, config(t, "torn-append"))
	require.ErrorIs(t, err, context.Canceled)
}

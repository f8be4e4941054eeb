package sqliteruns_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/sqliteruns"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// patient is a store that tries an append again until it is not refused.
type patient struct {
	eventcore.Store
	clock eventcore.Clock
}

func (p patient) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	for {
		done, err := p.Store.Append(ctx, writes)
		if failure, failed := errors.AsType[*eventcore.StoreFailure](err); !failed || failure.Outcome == eventcore.OutcomeUnknown {
			return done, err
		}
		if err := p.clock.Sleep(ctx, time.Millisecond); err != nil {
			return done, err
		}
	}
}

// TestACrashTakesAStoreDownThatTriesAgainForEver: on the disk of a machine that is down nothing
// ever works, and the panic that takes a task down does not get through SQLite.
func TestACrashTakesAStoreDownThatTriesAgainForEver(t *testing.T) {
	b := sqliteruns.OnDisk(sqlite.SynchronousFull)
	open, abandon := b.Open, b.Abandon
	b.Open = func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		store, err := open(ctx, env)
		if err != nil {
			return nil, err
		}
		return patient{store, env.Clock}, nil
	}
	b.Abandon = func(store eventcore.Store) error { return abandon(store.(patient).Store) }
	s, err := scenarios.Lookup("transfers")
	require.NoError(t, err)
	for seed := range uint64(3) {
		cfg := sim.Config{Seed: seed, Backend: b, Scenario: s, StallTimeout: 10 * time.Second, Crashes: &[]sim.Crash{{Step: 150, Kind: sim.CrashPower, At: "sync"}}}
		r, err := sim.Run(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, sim.Pass, r.Verdict, "seed %d: %s", seed, r.Reason)
		require.Len(t, r.Crashes, 1)
	}
}

package sim_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

var errSealed = errors.New("planted: a panic was stopped")

// sealed is a store through most of which no panic gets, as through a C library. It tries an append
// again until it does not fail, and passes so many points in each try, of which the last lets panics pass.
type sealed struct {
	eventcore.Store
	points int
}

func (s sealed) Append(ctx context.Context, writes eventcore.Writes) (done eventcore.Appended, err error) {
	err = s.within(func() (err error) {
		done, err = s.Store.Append(ctx, writes)
		return err
	})
	for errors.Is(err, errSealed) {
		err = s.within(func() error {
			for range s.points - 1 {
				yield.Point(ctx, "planted: inside")
			}
			return errSealed
		})
		yield.Point(ctx, "planted: outside")
	}
	return done, err
}

// within calls do, and stops the panic of who is taken down.
func (sealed) within(do func() error) (err error) {
	defer yield.Recover(&err, errSealed)
	return do()
}

// TestACrashTakesAStoreDownWhateverPartOfItStopsPanics: one that comes again and again at equal
// distances may be stopped each time.
func TestACrashTakesAStoreDownWhateverPartOfItStopsPanics(t *testing.T) {
	for points := 1; points <= 12; points++ {
		t.Run(fmt.Sprint(points), func(t *testing.T) {
			b := fileBackend()
			open := b.Open
			b.Open = func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
				store, err := open(ctx, env)
				return sealed{store, points}, err
			}
			r := run(t, sim.Config{
				Seed: 1, Backend: b, Scenario: scenario(t, "contention"), Faults: noFaults(), StallTimeout: 3 * time.Second,
				Crashes: &[]sim.Crash{{Step: 60, Kind: sim.CrashPower, At: "sync"}},
			})
			require.Equal(t, sim.Pass, r.Verdict, r.Reason)
			require.Len(t, r.Crashes, 1)
		})
	}
}

package sim

import (
	"context"
	"errors"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// RealEnv returns an environment for a store that is used outside of a run: its time is
// real, and nothing parks.
func RealEnv() Env {
	return Env{
		Clock: eventcore.SystemClock{}, Random: prng.New(0, "real"), Point: func(string) {}, Disk: disk.New(disk.Config{}),
		Sleep: func(d time.Duration) { _ = eventcore.SystemClock{}.Sleep(context.Background(), d) },
	}
}

// Runnable sorts the scenarios into those that the backend can run and, by name, what it
// lacks for the others. It opens a store to find out. The error is that of opening or
// closing it.
func Runnable(ctx context.Context, backend Backend, all []scenarios.Scenario) (can []scenarios.Scenario, lacks map[string]string, err error) {
	store, err := backend.Open(ctx, RealEnv())
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, closeStore(store)) }()
	lacks = make(map[string]string)
	for _, s := range all {
		if missing := s.Lacks(store); missing != "" {
			lacks[s.Name] = missing
			continue
		}
		can = append(can, s)
	}
	return can, lacks, nil
}

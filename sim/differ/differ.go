// Package differ runs one recorded run on several backends and shows where the first of
// them answers otherwise than the others.
//
// Backends park at different points, so that one schedule of steps means something else on
// each. What they have in common are the calls of the clients: they are made one after
// the other, each as a whole, in the order in which the recorded run made them. The contract
// then leaves no choice: whatever two backends answer differently, one of them is wrong, or
// the contract is not clear. Positions are compared by their order, event IDs by who made
// them, errors by what a caller can act on. Times are not compared; crashes, and the probes that a run ends with, are left out.
package differ

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// Difference is the first thing that two backends answer differently.
type Difference struct {
	// First and Second are the backends.
	First, Second string
	// Where names the call or the operation, in the words of the first backend.
	Where string
	// FirstSaid and SecondSaid are the answers.
	FirstSaid, SecondSaid string
}

// String returns the difference over three lines.
func (d *Difference) String() string {
	width := max(len(d.First), len(d.Second))
	return fmt.Sprintf("%s\n  %-*s  %s\n  %-*s  %s", d.Where, width, d.First, d.FirstSaid, width, d.Second, d.SecondSaid)
}

// Order carries out the recorded run of cfg and returns the order of its calls.
func Order(ctx context.Context, cfg sim.Config) ([]int, error) {
	result, err := sim.Run(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return result.CallOrder(), nil
}

// Run carries out cfg call by call in that order of clients.
func Run(ctx context.Context, cfg sim.Config, order []int) (*sim.Result, error) {
	if cfg.Replay == nil {
		return nil, fmt.Errorf("differ: seed %d: Replay is nil; give the program that all backends run", cfg.Seed)
	}
	program := cfg.Replay.Program
	// Probes run under a scheduler of steps, not of calls.
	program.Probes = nil
	cfg.Replay = &sim.Replay{Program: program}
	cfg.Crashes = nil
	cfg.Timeless = true
	cfg.Explorer = newSerial(order)
	return sim.Run(ctx, cfg)
}

// Package sensitivity measures after how many seeds the simulator finds each planted bug,
// and how the naive alternative fares in the same time: real goroutines, random sleeps and
// porcupine.
package sensitivity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// Config says what is measured.
type Config struct {
	// Backend is the store that bugs are planted in.
	Backend sim.Backend
	// Durable is the store for bugs that show after a crash only; the zero value leaves them
	// out.
	Durable sim.Backend
	// Mutants are the bugs.
	Mutants []mutant.Mutant
	// Schedulers are names of package sched.
	Schedulers []string
	// Trials is the number of disjoint ranges of seeds that each bug is looked for in. It
	// must be positive.
	Trials int
	// Budget is the real time after which a trial is given up. It must be positive. The whole
	// takes at most Trials times as long for each mutant and scheduler, and once more for
	// the naive alternative.
	Budget time.Duration
	// Progress is called with each row; nil: with none.
	Progress func(Row)
}

// Row is what was measured of a mutant.
type Row struct {
	Mutant string
	// BySimulator has a cell for each scheduler. Naive is nil where it cannot work.
	BySimulator []Cell
	Naive       *Cell
}

// Cell is what came of the trials of one way to look for a bug.
type Cell struct {
	// Seeds are the numbers of seeds that it took where the bug was found, sorted. A seed is
	// one run of each scenario, up to the one that shows the bug.
	Seeds []int
	// Missed is the number of trials whose time ran out.
	Missed int
}

// Median returns the median number of seeds over all trials, false if half of them missed
// the bug.
func (c *Cell) Median() (int, bool) {
	at := (len(c.Seeds) + c.Missed) / 2
	if at >= len(c.Seeds) {
		return 0, false
	}
	return c.Seeds[at], true
}

// Worst returns the greatest number of seeds, false if a trial missed the bug.
func (c *Cell) Worst() (int, bool) {
	if c.Missed > 0 || len(c.Seeds) == 0 {
		return 0, false
	}
	return c.Seeds[len(c.Seeds)-1], true
}

// rangeOfSeeds is the distance of the first seeds of two trials.
const rangeOfSeeds = 1 << 32

// Measure looks for each mutant, one after the other and on one processor. When ctx is
// cancelled it returns its error.
func Measure(ctx context.Context, cfg Config) ([]Row, error) {
	switch {
	case cfg.Trials < 1:
		return nil, fmt.Errorf("sensitivity: Trials is %d; set Trials ≥ 1", cfg.Trials)
	case cfg.Budget <= 0:
		return nil, fmt.Errorf("sensitivity: Budget is %v; set a time", cfg.Budget)
	case cfg.Backend.Open == nil:
		return nil, errors.New("sensitivity: Backend is empty; give a store to plant bugs in")
	}
	var rows []Row
	for _, m := range cfg.Mutants {
		if m.Layer == mutant.Disk && cfg.Durable.Open == nil {
			continue
		}
		row, err := cfg.measure(ctx, m)
		if err != nil {
			return nil, err
		}
		if rows = append(rows, row); cfg.Progress != nil {
			cfg.Progress(row)
		}
	}
	return rows, nil
}

func (cfg *Config) measure(ctx context.Context, m mutant.Mutant) (Row, error) {
	row := Row{Mutant: m.Name}
	backend := cfg.Backend
	if m.Layer == mutant.Disk {
		backend = cfg.Durable
	}
	can, _, err := sim.Runnable(ctx, backend, scenarios.All())
	if err != nil {
		return row, fmt.Errorf("sensitivity: open backend %s: %w", backend.Name, err)
	}
	for _, scheduler := range cfg.Schedulers {
		cell, err := cfg.trials(ctx, func(ctx context.Context, seed uint64) (bool, error) {
			return simulated(ctx, can, sim.Config{Seed: seed, Backend: backend, Mutant: &m, Scheduler: scheduler})
		})
		if err != nil {
			return row, err
		}
		row.BySimulator = append(row.BySimulator, cell)
	}
	if m.Layer == mutant.Disk {
		return row, nil // nothing crashes there
	}
	cell, err := cfg.trials(ctx, func(ctx context.Context, seed uint64) (bool, error) {
		return (&Naive{Backend: backend, Mutant: &m, Seed: seed}).Finds(ctx, can)
	})
	row.Naive = &cell
	return row, err
}

// trials looks for a bug in each range of seeds.
func (cfg *Config) trials(ctx context.Context, finds func(ctx context.Context, seed uint64) (bool, error)) (Cell, error) {
	var cell Cell
	for trial := range cfg.Trials {
		limited, stop := context.WithTimeout(ctx, cfg.Budget)
		seeds, err := until(limited, uint64(trial)*rangeOfSeeds+1, finds)
		stop()
		switch {
		case ctx.Err() != nil:
			return cell, ctx.Err()
		case err != nil && limited.Err() == nil:
			return cell, fmt.Errorf("sensitivity: %w", err)
		case seeds > 0:
			cell.Seeds = append(cell.Seeds, seeds)
		default:
			cell.Missed++
		}
	}
	slices.Sort(cell.Seeds)
	return cell, nil
}

// until returns the number of seeds up to the one that finds the bug, 0 if ctx ends before.
func until(ctx context.Context, first uint64, finds func(ctx context.Context, seed uint64) (bool, error)) (int, error) {
	for n := 0; ctx.Err() == nil; n++ {
		found, err := finds(ctx, first+uint64(n))
		if err != nil {
			return 0, err
		}
		if found {
			return n + 1, nil
		}
	}
	return 0, nil
}

// simulated runs a seed with every scenario until one fails.
func simulated(ctx context.Context, can []scenarios.Scenario, cfg sim.Config) (bool, error) {
	for _, s := range can {
		cfg.Scenario = s
		result, err := sim.Run(ctx, cfg)
		if err != nil {
			return false, err
		}
		if result.Failed() {
			return true, nil
		}
	}
	return false, nil
}

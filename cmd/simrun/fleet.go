package main

import (
	"context"
	"errors"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/fleet"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// fleetDSN names the database of the fleet.
const fleetDSN = "EVENTCORE_FLEET_DSN"

// fleetFlags are those that all commands of the fleet have.
type fleetFlags struct {
	known *backends
	dsn   string
}

func newFleet(known *backends) *cobra.Command {
	f := &fleetFlags{known: known}
	cmd := &cobra.Command{
		Use:   "fleet",
		Short: "Share the seeds of a campaign out over many machines that reach one PostgreSQL",
		Long: `fleet cuts the seeds of a campaign into ranges, which any number of workers on any number
of machines carry out: docs/fleet.md. They meet in a PostgreSQL database that --dsn or
` + fleetDSN + ` names, which must not be one that backends are tested on.`,
	}
	cmd.PersistentFlags().StringVar(&f.dsn, "dsn", "", "connection string of the fleet's database (default $"+fleetDSN+")")
	cmd.AddCommand(newFleetSubmit(f), newFleetWork(f), newFleetStatus(f))
	return cmd
}

// open opens the fleet.
func (f *fleetFlags) open(ctx context.Context) (*fleet.Fleet, error) {
	dsn := f.dsn
	if dsn == "" {
		dsn = os.Getenv(fleetDSN)
	}
	if dsn == "" {
		return nil, errors.New("which database is the fleet's? Give --dsn postgres://… or set " + fleetDSN)
	}
	return fleet.Open(ctx, dsn)
}

// runFlagsOf returns the flags of simrun run that a campaign stands for.
func (f *fleetFlags) runFlagsOf(spec *fleet.Spec) *runFlags {
	return &runFlags{
		known: f.known, seed: spec.First, scenarios: spec.Scenarios, backends: spec.Backends, scheduler: spec.Scheduler,
		faults: spec.Faults, mutant: spec.Mutant, parallel: runtime.NumCPU(), timeout: linearizability.DefaultTimeout, keepGoing: true,
	}
}

// carry carries out a range: every job with one seed, then with the next.
func (f *fleetFlags) carry(ctx context.Context, spec fleet.Spec, r fleet.Range, known map[string]string) (fleet.Outcome, error) {
	jobs, err := f.runFlagsOf(&spec).jobs()
	if err != nil {
		return fleet.Outcome{}, err
	}
	c := &carrier{ctx: ctx, backends: f.known, known: known, kinds: make(map[string]int)}
	c.outcome.Summary, err = sim.Batch{
		Workers: 1, OnResult: c.result, Reuse: true,
		Runs: func(yield func(sim.Config) bool) {
			for i := range r.Seeds {
				for _, j := range jobs {
					j.Seed = r.First + i
					if !yield(j.Config) {
						return
					}
				}
			}
		},
	}.Do(ctx)
	if err == nil {
		err = ctx.Err() // what was broken off counts for nothing
	}
	return c.outcome, err
}

// carrier collects what comes of a range.
type carrier struct {
	ctx      context.Context
	backends *backends
	outcome  fleet.Outcome
	// known has the signatures of kinds of failures that were shrunk before, kinds the place
	// of each among the failures.
	known map[string]string
	kinds map[string]int
}

func (c *carrier) result(r *sim.Result) bool {
	if r.Verdict == sim.Pass {
		return true
	}
	kind := kindOf(r)
	n, met := c.kinds[kind]
	if !met {
		n = len(c.outcome.Failures)
		c.kinds[kind] = n
		c.outcome.Failures = append(c.outcome.Failures, c.failure(kind, r))
	}
	c.outcome.Failures[n].Found++
	return true
}

// failure makes a failure of a run, and shrinks it if it is the first of its kind.
func (c *carrier) failure(kind string, r *sim.Result) fleet.Failure {
	if signature := c.known[kind]; signature != "" {
		return fleet.Failure{Kind: kind, Signature: signature}
	}
	failure := fleet.Failure{Kind: kind, File: seedfile.Of(r), Reason: r.Reason}
	b, err := c.backends.lookup(r.Backend)
	if err != nil || !r.Failed() {
		return failure
	}
	small, err := shrink.Failed(c.ctx, r, b.Backend, shrink.Options{Fast: c.backends.fast(), Workers: 1})
	if err == nil && small.Reproduced {
		failure.File, failure.Reason = small.File(), small.Result.Reason
	}
	return failure
}

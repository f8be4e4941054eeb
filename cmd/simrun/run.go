package main

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// runFlags are the flags of simrun run as given.
type runFlags struct {
	known     *backends
	seed      uint64
	seeds     int
	duration  time.Duration
	scenarios []string
	backends  []string
	scheduler string
	faults    string
	mutant    string
	parallel  int
	timeout   time.Duration
	out       string
	json      bool
	verify    bool
	keepGoing bool
	shrink    time.Duration
	save      string
	report    string
	shard     string
	shards    int
	resume    string
}

func newRun(known *backends) *cobra.Command {
	f := runFlags{known: known}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run seeds of scenarios under faults and check every history",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Uint64Var(&f.seed, "seed", 1, "first seed; alone: the only one")
	flags.IntVar(&f.seeds, "seeds", 0, "number of seeds for each scenario (default a number for each backend, half a minute to a minute together)")
	flags.DurationVar(&f.duration, "duration", 0, "go on with further seeds for this long, such as 5m")
	flags.StringVar(&f.shard, "shard", "", "run one part of the seeds only, such as 2/5 for the second of five")
	flags.IntVar(&f.shards, "shards", 0, "the same, of so many parts; which one, "+completionIndex+" says: for Kubernetes")
	flags.StringSliceVar(&f.scenarios, "scenario", nil, "scenarios to run (default all)")
	flags.StringSliceVar(&f.backends, "backend", nil, "backends to run (default all that can run here)")
	flags.StringVar(&f.scheduler, "scheduler", "", "scheduler for every run (default drawn from the seed)")
	flags.StringVar(&f.faults, "faults", "", "fault plan, such as none or fail-after=5%,delay=10% (default drawn from the seed)")
	flags.StringVar(&f.mutant, "mutant", "", "plant this bug in the store")
	flags.IntVar(&f.parallel, "parallel", runtime.NumCPU(), "seeds to run at once")
	flags.DurationVar(&f.timeout, "check-timeout", linearizability.DefaultTimeout, "time for porcupine in one run; beyond it the fast checker decides alone")
	flags.StringVar(&f.out, "out", "simrun-out", "folder for the seed files of failed runs")
	flags.BoolVar(&f.json, "json", false, "print one JSON object for each failed run and one for the summary")
	flags.BoolVar(&f.verify, "verify", false, "run each seed twice and compare the traces")
	flags.BoolVar(&f.keepGoing, "keep-going", false, "do not stop at the first failed run")
	flags.DurationVar(&f.shrink, "shrink", shrink.DefaultLimit, "time to shrink a failed run before it is shown; 0: do not. With --keep-going the first of each kind")
	flags.StringVar(&f.save, "save", "", "add the shrunk run to this folder too, unless it has one like it")
	flags.Lookup("save").NoOptDefVal = "seeds"
	flags.StringVar(&f.report, "report", "", "write a web site of the runs into this folder")
	flags.StringVar(&f.resume, "resume", "", "keep what came of the runs in this file, and go on from there if it has some: also after a kill")
	return cmd
}

// run carries out simrun run.
func (f *runFlags) run(cmd *cobra.Command) error {
	jobs, err := f.jobs()
	if err != nil {
		return err
	}
	out, err := newOutput(cmd, f)
	if err != nil {
		return err
	}
	before, err := out.goOn(jobs)
	if err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	runs, err := f.runs(cmd, jobs, out.start)
	if err != nil {
		return err
	}
	out.begin()
	batch := sim.Batch{Runs: without(runs, before.Runs), Workers: f.parallel, Verify: f.verify, Before: before, OnResult: out.result, OnSum: out.sum, Reuse: out.site == nil}
	summary, err := batch.Do(cmd.Context())
	if err != nil {
		return err
	}
	worst := out.end(summary, cmd.Context().Err() != nil)
	if out.siteError != nil {
		return fmt.Errorf("--report: %w", out.siteError)
	}
	if out.journal != nil && out.journal.err != nil {
		return fmt.Errorf("--resume: %w", out.journal.err)
	}
	return exitFor(worst)
}

// job is what is run for every seed: a configuration but for its seed.
type job struct {
	sim.Config
	// seeds is the usual number of seeds.
	seeds uint64
}

// jobs returns one for each backend and scenario that it can run.
func (f *runFlags) jobs() ([]job, error) {
	template, err := f.template()
	if err != nil {
		return nil, err
	}
	chosenScenarios, err := f.chosenScenarios()
	if err != nil {
		return nil, err
	}
	names := f.backends
	if len(names) == 0 {
		names = f.known.usual()
	}
	var jobs []job
	for _, name := range names {
		b, err := f.known.lookup(name)
		if err != nil {
			return nil, fmt.Errorf("--backend: %w", err)
		}
		for _, s := range chosenScenarios {
			cfg := template
			cfg.Backend, cfg.Scenario = b.Backend, s
			jobs = append(jobs, job{cfg, b.seeds})
		}
	}
	return jobs, nil
}

// template checks the flags that are the same for every run.
func (f *runFlags) template() (sim.Config, error) {
	cfg := sim.Config{Scheduler: f.scheduler, CheckTimeout: f.timeout, Check: f.known.check}
	switch {
	case f.seeds < 0:
		return cfg, fmt.Errorf("--seeds: %d is negative; give the number of seeds for each scenario", f.seeds)
	case f.duration < 0:
		return cfg, fmt.Errorf("--duration: %v is negative", f.duration)
	case f.parallel < 1:
		return cfg, fmt.Errorf("--parallel: %d seeds at once are not possible; give at least 1", f.parallel)
	case f.resume != "" && f.report != "":
		return cfg, errors.New("--report with --resume: the web site has runs of this call only; leave one of them out")
	case f.shrink < 0:
		return cfg, fmt.Errorf("--shrink: %v is negative; give a time, or 0 to leave failed runs as they are", f.shrink)
	case f.timeout <= 0:
		return cfg, fmt.Errorf("--check-timeout: %v is not positive", f.timeout)
	}
	if err := checkScheduler(f.scheduler); err != nil {
		return cfg, fmt.Errorf("--scheduler: %w", err)
	}
	if f.faults != "" {
		plan, err := chaos.ParsePlan(f.faults)
		if err != nil {
			return cfg, fmt.Errorf("--faults: %w", err)
		}
		cfg.Faults = &plan
	}
	if f.mutant != "" {
		m, err := mutant.Lookup(f.mutant)
		if err != nil {
			return cfg, fmt.Errorf("--mutant: %w", err)
		}
		cfg.Mutant = &m
	}
	return cfg, nil
}

func (f *runFlags) chosenScenarios() ([]scenarios.Scenario, error) {
	if len(f.scenarios) == 0 {
		return scenarios.All(), nil
	}
	var chosen []scenarios.Scenario
	for _, name := range f.scenarios {
		s, err := scenarios.Lookup(name)
		if err != nil {
			return nil, fmt.Errorf("--scenario: %w", err)
		}
		chosen = append(chosen, s)
	}
	return chosen, nil
}

// runs yields every job with one seed, then with the next, so that runs that are cut
// short have covered all scenarios alike. What goes on for a time does so from start.
func (f *runFlags) runs(cmd *cobra.Command, jobs []job, start time.Time) (iter.Seq[sim.Config], error) {
	part, err := chosenShard(f.shard, f.shards)
	if err != nil {
		return nil, err
	}
	count := uint64(f.seeds)
	usual := f.seeds == 0 && f.duration == 0
	if usual && cmd.Flags().Changed("seed") {
		count, usual = 1, false
	}
	if usual {
		for _, j := range jobs {
			count = max(count, j.seeds)
		}
	}
	if f.duration == 0 {
		if err := part.fits(count); err != nil {
			return nil, err
		}
	}
	end := start.Add(f.duration)
	return func(yield func(sim.Config) bool) {
		for i := uint64(0); i < count || time.Now().Before(end); i++ {
			if !part.has(i) {
				continue
			}
			for _, j := range jobs {
				j.Seed = f.seed + i
				if (!usual || i < j.seeds) && !yield(j.Config) {
					return
				}
			}
		}
	}, nil
}

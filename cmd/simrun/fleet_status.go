package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/fleet"
	"github.com/eventcore-go/eventcore-sim/sim/report/site"
)

type fleetStatusFlags struct {
	*fleetFlags
	campaign int64
	watch    bool
	every    time.Duration
	json     bool
	out      string
	report   string
}

func newFleetStatus(common *fleetFlags) *cobra.Command {
	f := fleetStatusFlags{fleetFlags: common}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how far a campaign has come, and what it has found",
		Long: `status shows how far a campaign has come, and what it has found. Its exit code is 1 where
something was found or could not be carried out, 3 while ranges are left, and 0 when all
have passed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Int64Var(&f.campaign, "campaign", 0, "its number (default the one that was submitted last)")
	flags.BoolVar(&f.watch, "watch", false, "show it again and again until it is complete")
	flags.DurationVar(&f.every, "every", 2*time.Second, "with --watch: how often")
	flags.BoolVar(&f.json, "json", false, "print it as JSON")
	flags.StringVar(&f.out, "out", "", "write the seed files of what was found into this folder")
	flags.StringVar(&f.report, "report", "", "replay what was found and write a web site into this folder")
	return cmd
}

func (f *fleetStatusFlags) run(cmd *cobra.Command) error {
	if f.every <= 0 {
		return fmt.Errorf("--every: %v is not positive", f.every)
	}
	all, err := f.open(cmd.Context())
	if err != nil {
		return err
	}
	defer all.Close()
	if f.campaign == 0 {
		if f.campaign, err = all.Latest(cmd.Context()); err != nil {
			return fmt.Errorf("%w; simrun fleet submit makes one", err)
		}
	}
	for {
		status, err := all.Status(cmd.Context(), f.campaign)
		if err != nil {
			return err
		}
		if err := f.show(cmd.OutOrStdout(), &status); err != nil {
			return err
		}
		if !f.watch || status.Reported+status.Broken == status.Ranges {
			return f.end(cmd, &status)
		}
		select {
		case <-cmd.Context().Done():
			return f.end(cmd, &status)
		case <-time.After(f.every):
		}
	}
}

// end exports what was asked for and returns the exit code.
func (f *fleetStatusFlags) end(cmd *cobra.Command, s *fleet.Status) error {
	for i := range s.Failures {
		if f.out == "" {
			break
		}
		path, err := s.Failures[i].File.Save(f.out)
		if err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		if !f.json {
			fmt.Fprintln(cmd.OutOrStdout(), "go run ./cmd/simrun replay", path)
		}
	}
	if f.report != "" {
		if err := f.site(cmd, s); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	switch {
	case len(s.Failures) > 0 || s.Broken > 0:
		return exitError{exitViolation}
	case !s.Complete():
		return exitError{exitUndecided}
	default:
		return nil
	}
}

// site replays the failures into a web site, whose index has the sums of the campaign.
func (f *fleetStatusFlags) site(cmd *cobra.Command, s *fleet.Status) error {
	pages, err := site.New(f.report)
	if err != nil {
		return err
	}
	verdict := sim.Pass
	for i := range s.Failures {
		file := &s.Failures[i].File
		b, err := f.known.lookup(file.Backend)
		if err != nil {
			return err
		}
		cfg, err := file.Config(b.Backend)
		if err != nil {
			return err
		}
		r, err := sim.Run(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		if err := pages.Add(r); err != nil {
			return err
		}
		verdict = file.Expect.Verdict
	}
	sums := summaryOf(s)
	return pages.Close(&sums, verdict, nil, time.Since(s.Since))
}

// summaryOf returns what is known of a campaign as the sums of a batch. Of failures it is
// not known of what kind each was.
func summaryOf(s *fleet.Status) sim.Summary {
	sums := sim.Summary{Verdicts: make(map[sim.Verdict]int), Workloads: make(map[sim.Workload]*sim.WorkloadSummary)}
	for i := range s.Workloads {
		w := &s.Workloads[i]
		c := sim.Coverage{
			Calls: int(w.Calls), Applied: int(w.Applied), Conflicts: int(w.Conflicts), Unknown: int(w.Unknown), Overlaps: int(w.Overlaps),
			Crashes: int(w.Crashes), Again: int(w.Again), AgainDue: int(w.AgainDue),
			Restarts: int(w.Restarts), RestartsAgain: int(w.RestartsAgain), RestartsAgainDue: int(w.RestartsAgainDue),
		}
		sums.Workloads[sim.Workload{Backend: w.Backend, Scenario: w.Scenario}] = &sim.WorkloadSummary{Runs: int(w.Runs), Coverage: c, Failed: int(w.Failed)}
		sums.Coverage.Add(c)
		sums.Runs += int(w.Runs)
		sums.Verdicts[sim.Violation] += int(w.Failed)
		sums.Verdicts[sim.Pass] += int(w.Runs - w.Failed)
	}
	sums.Coverage.Faults = make(map[chaos.Kind]sim.FaultCount)
	for _, info := range slices.Concat(chaos.Kinds(), chaos.RequestKinds(), chaos.DiskKinds()) {
		if n := s.Faults[info.Kind.String()]; n > 0 {
			sums.Coverage.Faults[info.Kind] = sim.FaultCount{Fired: n}
		}
	}
	return sums
}

func (f *fleetStatusFlags) show(out io.Writer, s *fleet.Status) error {
	if f.json {
		text, err := json.Marshal(s)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", text)
		return err
	}
	fmt.Fprintf(out, "campaign %d: %d of %d ranges, %d of %d seeds; %d running on %d workers, %d runs in the last minute, %d taken again\n",
		s.Campaign, s.Reported, s.Ranges, s.Seeds, s.Spec.Seeds, s.Running, s.Workers, s.PerMinute, s.Again)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "backend\tscenario\truns\tfailed\tcalls\tapplied\tconflicts\tunknown\toverlaps\tcrashes\t")
	for i := range s.Workloads {
		w := &s.Workloads[i]
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n",
			w.Backend, w.Scenario, w.Runs, w.Failed, w.Calls, w.Applied, w.Conflicts, w.Unknown, w.Overlaps, w.Crashes)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	var fired []string
	for _, kind := range slices.Sorted(maps.Keys(s.Faults)) {
		fired = append(fired, fmt.Sprint(kind, " ", s.Faults[kind]))
	}
	fmt.Fprintln(out, "faults fired:", strings.Join(fired, ", "))
	sums := summaryOf(s)
	if c := &sums.Coverage; c.Crashes > 0 {
		fmt.Fprintf(out, "crashes: %d, %d of them in the middle of a recovery (%d were to come so)\n", c.Crashes, c.Again, c.AgainDue)
	}
	if c := &sums.Coverage; c.Restarts > 0 {
		fmt.Fprintf(out, "server crashes: %d, %d of them in the middle of a recovery (%d were to come so)\n", c.Restarts, c.RestartsAgain, c.RestartsAgainDue)
	}
	for _, why := range s.Errors {
		fmt.Fprintf(out, "could not be carried out: %s\n", why)
	}
	for i := range s.Failures {
		found := &s.Failures[i]
		fmt.Fprintf(out, "found %d times: %s\n  %s, seed %d: %s\n", found.Found, found.Signature, found.Scenario, found.Seed, found.Reason)
	}
	return nil
}

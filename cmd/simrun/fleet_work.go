package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/sim/fleet"
)

type fleetWorkFlags struct {
	*fleetFlags
	ranges int
	beat   time.Duration
	lost   time.Duration
	drain  bool
}

func newFleetWork(common *fleetFlags) *cobra.Command {
	f := fleetWorkFlags{fleetFlags: common}
	cmd := &cobra.Command{
		Use:   "work",
		Short: "Carry out ranges of seeds until interrupted",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVar(&f.ranges, "parallel", runtime.NumCPU(), "ranges to carry out at once")
	flags.DurationVar(&f.beat, "beat", 5*time.Second, "how often to say that this worker is alive")
	flags.DurationVar(&f.lost, "lost", 0, "time without that after which a worker counts as lost (default six beats); the same for all")
	flags.BoolVar(&f.drain, "drain", false, "end when nothing is left in the queue")
	return cmd
}

func (f *fleetWorkFlags) run(cmd *cobra.Command) error {
	switch {
	case f.ranges < 1:
		return fmt.Errorf("--parallel: %d ranges at once are not possible; give at least 1", f.ranges)
	case f.beat <= 0 || f.lost < 0:
		return fmt.Errorf("--beat %v, --lost %v: give times", f.beat, f.lost)
	case f.lost > 0 && f.lost < 2*f.beat:
		return fmt.Errorf("--lost: %v is less than two beats of %v, after which a worker may well be alive", f.lost, f.beat)
	}
	all, err := f.open(cmd.Context())
	if err != nil {
		return err
	}
	defer all.Close()
	host, err := os.Hostname()
	if err != nil {
		host = "somewhere"
	}
	out := cmd.OutOrStdout()
	return all.Work(cmd.Context(), fleet.WorkerConfig{
		// A process that is started anew is another worker.
		Name: fmt.Sprintf("%s-%d-%s", host, os.Getpid(), uuid.NewString()[:8]), Ranges: f.ranges, Beat: f.beat, Lost: f.lost, Drain: f.drain,
		Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)),
		Done: func(r fleet.Range) {
			fmt.Fprintf(out, "campaign %d: seeds %d to %d\n", r.Campaign, r.First, r.First+r.Seeds-1)
		},
	}, f.carry)
}

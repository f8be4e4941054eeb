package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// certifySeeds is the usual number of seeds of each scenario, and certifyServerSeeds that on
// a backend that waits for a server: the least that earns a level.
const certifySeeds, certifyServerSeeds = 100, 20

type certifyFlags struct {
	known    *backends
	backends []string
	seeds    uint64
	first    uint64
	mutant   string
	shrink   time.Duration
	brief    bool
	out      string
}

func newCertify(known *backends) *cobra.Command {
	f := certifyFlags{known: known}
	cmd := &cobra.Command{
		Use:   "certify",
		Short: "Certify backends: every requirement, and the level that was reached",
		Long: `certify checks the contract, runs a fourth of the seeds of every scenario without faults
under each scheduler and the others with what they draw, some of it twice, and some in real time. It prints what was
proven: each requirement as passed, failed or not certified, and the level that was reached.
What the requirements are is in docs/contract.md.

Exit codes: 0 nothing failed; 1 a requirement failed; 2 the command line or the environment is wrong.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&f.backends, "backend", nil, "backends to certify (default all that can run here)")
	flags.Uint64Var(&f.seeds, "seeds", 0, fmt.Sprintf("seeds of each scenario (default %d, %d on a server; fewer than 20 earn no level)", certifySeeds, certifyServerSeeds))
	flags.Uint64Var(&f.first, "seed", 1, "first seed")
	flags.StringVar(&f.mutant, "mutant", "", "plant this bug in the simulated runs; a requirement is then expected to fail")
	flags.DurationVar(&f.shrink, "shrink", shrink.DefaultLimit, "time to shrink a failed run; 0: keep it as it is")
	flags.BoolVar(&f.brief, "brief", false, "measure memory on a shorter stream")
	flags.StringVar(&f.out, "out", "simrun-out", "folder for certificates (NAME.txt, NAME.json, NAME.xml) and the seed files of failed runs")
	return cmd
}

func (f *certifyFlags) run(cmd *cobra.Command) error {
	settings := certify.Settings{First: f.first, Seeds: f.seeds, Shrink: f.shrink, Dir: f.out, Brief: f.brief}
	given := cmd.Flags().Changed("seeds")
	if given && f.seeds == 0 {
		return errors.New("--seeds: 0 prove nothing; give at least 1")
	}
	if f.mutant != "" {
		m, err := mutant.Lookup(f.mutant)
		if err != nil {
			return fmt.Errorf("--mutant: %w", err)
		}
		settings.Mutant = &m
	}
	names := f.backends
	if len(names) == 0 {
		names = f.known.usual()
		for _, line := range f.known.skipped(nil) {
			fmt.Fprintf(cmd.OutOrStdout(), "skipped: %s\n", line)
		}
	}
	failed := false
	for _, name := range names {
		b, err := f.known.lookup(name)
		if err != nil {
			return fmt.Errorf("--backend: %w", err)
		}
		switch {
		case given:
		case b.Blocks:
			settings.Seeds = certifyServerSeeds
		default:
			settings.Seeds = certifySeeds
		}
		c, err := f.certify(cmd, b.Backend, settings)
		if err != nil {
			return err
		}
		failed = failed || c.Failed()
	}
	if failed {
		return exitError{exitViolation}
	}
	return nil
}

// certify certifies one backend: progress goes to stderr, the certificate to stdout.
func (f *certifyFlags) certify(cmd *cobra.Command, b sim.Backend, settings certify.Settings) (*certify.Certificate, error) {
	c, err := certify.Check(cmd.Context(), b, settings, cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	if err := c.WriteText(cmd.OutOrStdout()); err != nil {
		return nil, err
	}
	path, err := c.Save(f.out)
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "\ncertificate: %s\n", path)
	return c, nil
}

package main

import (
	"github.com/spf13/cobra"

	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/report"
)

func newShow(known *backends) *cobra.Command {
	var backend string
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show what a seed file shows, on one screen",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, cfg, err := known.load(args[0], backend)
			if err != nil {
				return err
			}
			result, err := sim.Run(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return report.Failure(cmd.OutOrStdout(), result,
				"go run ./cmd/simrun replay "+args[0], "go run ./cmd/simrun replay --step "+args[0])
		},
	}
	cmd.Flags().StringVar(&backend, "backend", "", "run it on this backend (default the file's)")
	return cmd
}

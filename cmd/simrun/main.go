// Command simrun runs the simulator against the event store backends of this
// module and judges them.
//
//	simrun                    a fixed set of seeds over every scenario
//	simrun run --seeds 1000   more of them; see simrun run --help
//	simrun replay FILE        a recorded run once more; with --step operation by operation
//	simrun show FILE          what a seed file shows
//	simrun shrink FILE        the smallest run that shows the same
//	simrun explore            one small program in all orders of its steps
//	simrun diff FILE          a recorded run on all backends, compared call by call
//	simrun parallel           programs in real time, and processes that are killed
//	simrun sensitivity        how soon planted bugs are found
//	simrun certify            every requirement of the contract, and a certificate
//	simrun merge              working copies of the file store, brought together
//	simrun fleet              seeds shared out over many machines
//	simrun list               backends, scenarios, schedulers, faults, mutants
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// gcPercent lets the heap grow to five times what is in use: runs leave much garbage
// and little else, and half of the time went into collecting it.
const gcPercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(newBackends().program(os.Args[1:]))
}

// program runs the command line until it ends or a signal ends it, and returns the exit code.
func (b *backends) program(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return b.execute(ctx, args, os.Stdout, os.Stderr)
}

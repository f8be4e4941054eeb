package shrink

import (
	"context"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// Failed shrinks a run that has failed on that backend, as [Run] does.
func Failed(ctx context.Context, r *sim.Result, backend sim.Backend, opts Options) (*Outcome, error) {
	cfg, err := seedfile.Of(r).Config(backend)
	if err != nil {
		return nil, fmt.Errorf("shrink: %w", err)
	}
	return Run(ctx, cfg, ClassOf(r), opts)
}

// File returns the seed file of the smaller run.
func (o *Outcome) File() seedfile.File {
	f := seedfile.Of(o.Result)
	if o.Reproduced && o.To.Compare(o.From) < 0 {
		f.From = &seedfile.Origin{Clients: o.From.Clients, Operations: o.From.Operations, Steps: o.From.Steps}
	}
	return f
}

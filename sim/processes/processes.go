// Package processes runs programs in several processes on one store, kills them with
// SIGKILL at moments that the seed draws, starts others in their place, and judges the
// history of all of them together.
//
// A process tells over a pipe what it is about to call and what came of it, each with the
// time of the machine's monotonic clock; what it told outlives it. A call that was under way
// when its process was killed has an unknown outcome. Time is real, so a seed decides what
// is done and roughly when processes die, not what comes of it.
package processes

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// Config says what to run.
type Config struct {
	Seed     uint64
	Scenario scenarios.Scenario
	// Command makes the command of a process, which opens the store and calls [Serve] with
	// its standard input and output.
	Command func(ctx context.Context) *exec.Cmd
	// Open opens the store in this process.
	Open func(ctx context.Context) (eventcore.Store, error)
	// Exclusive says that the store lets one process in at a time, and refuses others.
	// Processes then take turns, and that another one is refused is checked each time.
	Exclusive bool
	// Idle waits until a server has ended what killed processes left it to do; nil: there is
	// none.
	Idle func(ctx context.Context) error
	// Faults are injected in the processes.
	Faults chaos.Plan
	// Processes run at a time, each with Clients clients of Ops operations; each of them is
	// killed and replaced Kills times.
	Processes, Clients, Ops, Kills int
	// Again, where not nil, is what is done in place of what the seed draws; Clients, Ops and
	// Kills are then those of it.
	Again *Plan
}

// Plan is what all processes do, in the order of their numbers: those of one place follow one
// another.
type Plan struct {
	// Clients has the operations of each client, as many clients for each process.
	Clients [][]scenarios.Op
	// Kills says after how many lines that it told each process was killed, 0 for never.
	Kills []int
}

// Result is what came of it.
type Result struct {
	History linearizability.History
	// Results are those of the operations that began, in no order.
	Results []scenarios.Result
	// Plan is what was done; with it in [Config.Again] the same is done once more.
	Plan Plan
	// Findings say what is wrong, empty if nothing is.
	Findings []Finding
	// LeftOut says which invariants of the scenario were not checked, and why; empty: all were.
	LeftOut string
	// Undecided says why the history could not be judged, empty if it was.
	Undecided string
	// Killed counts processes that were killed in the middle of their work, UnderWay the
	// calls that were under way then, Refused the processes that were kept out.
	Killed, UnderWay, Refused int
}

// Finding is one thing that is wrong.
type Finding struct {
	// Name is the anomaly's or the invariant's, Message a sentence about it.
	Name, Message string
}

// String returns both.
func (f Finding) String() string { return f.Name + ": " + f.Message }

// Run runs. An error is that of a configuration which is not valid, of starting processes, or of ctx.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if cfg.Again != nil {
		if err := cfg.repeats(); err != nil {
			return nil, err
		}
	}
	switch {
	case cfg.Command == nil || cfg.Open == nil:
		return nil, errors.New("processes: Command or Open is nil; both are needed")
	case cfg.Processes < 1 || cfg.Clients < 1 || cfg.Ops < 1 || cfg.Kills < 0:
		return nil, fmt.Errorf("processes: Processes, Clients, Ops, Kills are %d, %d, %d, %d; give at least 1, 1, 1, 0", cfg.Processes, cfg.Clients, cfg.Ops, cfg.Kills)
	case cfg.Exclusive && cfg.Processes > 1:
		return nil, fmt.Errorf("processes: Processes is %d and Exclusive is set; such a store lets one in at a time", cfg.Processes)
	case cfg.Processes*(cfg.Kills+1) >= mostProcesses:
		return nil, fmt.Errorf("processes: %d processes in all; at most %d can be told apart", cfg.Processes*(cfg.Kills+1), mostProcesses-1)
	}
	if err := cfg.Faults.Validate(); err != nil {
		return nil, fmt.Errorf("processes: Faults: %w", err)
	}
	began, err := monotonic()
	if err != nil {
		return nil, err
	}
	r := &run{cfg: cfg, began: began}
	r.result.Plan = cfg.plan()
	var places sync.WaitGroup
	for place := range cfg.Processes {
		places.Go(func() {
			for turn := range cfg.Kills + 1 {
				if err := r.turn(ctx, place*(cfg.Kills+1)+turn); err != nil {
					r.fail(err)
					return
				}
			}
		})
	}
	places.Wait()
	if err := cmp.Or(ctx.Err(), r.err); err != nil {
		return nil, err
	}
	return &r.result, r.judge(ctx)
}

type run struct {
	cfg   Config
	began int64

	mu      sync.Mutex
	ops     []linearizability.Operation
	results []scenarios.Result
	result  Result
	err     error
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

func (r *run) find(name, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Findings = append(r.result.Findings, Finding{name, message})
}

// turn runs one process, and kills it if it is to be.
func (r *run) turn(ctx context.Context, process int) error {
	first := process * r.cfg.Clients
	work := Work{
		Seed: r.cfg.Seed, Scenario: r.cfg.Scenario.Name, Began: r.began, Process: process, First: first,
		Clients: r.result.Plan.Clients[first : first+r.cfg.Clients], Faults: r.cfg.Faults.String(),
	}
	input, err := json.Marshal(work)
	if err != nil {
		return err
	}
	said := &bytes.Buffer{}
	cmd := r.cfg.Command(ctx)
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("processes: start process %d: %w", process, err)
	}
	_, _ = in.Write(input) // of one that has ended before, what it says tells why
	killed, err := r.follow(ctx, cmd, in, out, &work, r.result.Plan.Kills[process])
	if failed := cmd.Wait(); failed != nil && !killed {
		return fmt.Errorf("processes: process %d: %w: %s", process, failed, said)
	}
	return err
}

func (r *run) keep(op linearizability.Operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, op)
}

// intrude tries to open a store that another process has.
func (r *run) intrude(ctx context.Context) {
	store, err := r.cfg.Open(ctx)
	if err == nil {
		r.find("not exclusive", "a second process was let in while another one had the store")
		if closer, ok := store.(io.Closer); ok {
			_ = closer.Close() // what is wrong was said
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Refused++
}

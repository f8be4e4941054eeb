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
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"sync"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
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
}

// Result is what came of it.
type Result struct {
	History linearizability.History
	// Findings say what is wrong, empty if nothing is.
	Findings []string
	// Undecided says why the history could not be judged, empty if it was.
	Undecided string
	// Killed counts processes that were killed in the middle of their work, UnderWay the
	// calls that were under way then, Refused the processes that were kept out.
	Killed, UnderWay, Refused int
}

// Run runs. An error is that of starting processes or of ctx.
func Run(ctx context.Context, cfg Config) (*Result, error) {
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
	began, err := monotonic()
	if err != nil {
		return nil, err
	}
	r := &run{cfg: cfg, began: began}
	var places sync.WaitGroup
	for place := range cfg.Processes {
		places.Go(func() {
			for turn := range cfg.Kills + 1 {
				if err := r.turn(ctx, place*(cfg.Kills+1)+turn, turn < cfg.Kills); err != nil {
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

	mu     sync.Mutex
	ops    []linearizability.Operation
	result Result
	err    error
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

func (r *run) find(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Findings = append(r.result.Findings, fmt.Sprintf(format, args...))
}

// turn runs one process, and kills it if it is to be.
func (r *run) turn(ctx context.Context, process int, kill bool) error {
	random := prng.New(r.cfg.Seed, "process", uint64(process)) //nolint:gosec // an index is not negative
	work := Work{
		Seed: r.cfg.Seed, Scenario: r.cfg.Scenario.Name, Began: r.began, Process: process, First: process * r.cfg.Clients,
		Clients: r.program(random), Faults: r.cfg.Faults.String(),
	}
	input, err := json.Marshal(work)
	if err != nil {
		return err
	}
	said := &bytes.Buffer{}
	cmd := r.cfg.Command(ctx)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("processes: start process %d: %w", process, err)
	}
	after := 0
	if kill {
		after = 1 + random.IntN(2*r.cfg.Clients*r.cfg.Ops)
	}
	killed, err := r.follow(ctx, cmd, out, after)
	if failed := cmd.Wait(); failed != nil && !killed {
		return fmt.Errorf("processes: process %d: %w: %s", process, failed, said)
	}
	return err
}

// program draws what the clients of a process do.
func (r *run) program(random *rand.Rand) [][]scenarios.Op {
	params := scenarios.Params{Clients: r.cfg.Clients, OpsPerClient: r.cfg.Ops, Streams: 3, MaxEvents: 2}
	program := r.cfg.Scenario.Generate(random, params, nil)
	// What a process finds was left by others; its own first client sets up what it needs.
	program.Clients[0] = append(slices.Clone(program.Setup), program.Clients[0]...)
	return program.Clients
}

// follow reads what a process tells, and kills it after so many lines, unless that is 0.
func (r *run) follow(ctx context.Context, cmd *exec.Cmd, out io.Reader, after int) (killed bool, err error) {
	type key struct{ client, number int }
	open := make(map[key]linearizability.Operation)
	lines := bufio.NewReader(out)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break // a line that was cut off began no call and ended none
		}
		if n == 1 && r.cfg.Exclusive {
			r.intrude(ctx)
		}
		told, err := parse(line)
		if err != nil {
			return killed, err
		}
		if told.Broken != "" {
			r.find("%s", told.Broken)
			continue
		}
		op, err := told.operation()
		if err != nil {
			return killed, fmt.Errorf("processes: %w", err)
		}
		at := key{op.Client, told.Number}
		if op.Return == linearizability.Never {
			open[at] = op
		} else {
			delete(open, at)
			r.keep(op)
		}
		if n == after {
			if err := cmd.Process.Kill(); err != nil {
				return killed, fmt.Errorf("processes: kill: %w", err)
			}
			killed = true
		}
	}
	for _, op := range open {
		r.keep(op)
	}
	if killed {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.result.Killed++
		r.result.UnderWay += len(open)
	}
	return killed, nil
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
		r.find("a second process was let in while another one had the store")
		if closer, ok := store.(io.Closer); ok {
			_ = closer.Close() // what is wrong was said
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Refused++
}

package processes

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// errKilled is what an operation ended with whose process was killed in its middle.
var errKilled = errors.New("its process was killed")

// told is what one process has told so far.
type told struct {
	run *run
	// first is the number of its first client, clients has what each of them does.
	first   int
	clients [][]scenarios.Op
	// open are the calls under way, by client and number.
	open map[[2]int]*linearizability.Operation
	// bytes are those of the events of calls under way.
	bytes map[[2]int][]payload
	// attempts are the appends of each client's operation under way, begun the number of its
	// operations that are done.
	attempts map[int][]scenarios.Attempt
	begun    map[int]int
}

// follow reads what a process tells, and kills it after so many lines, unless that is 0. As
// long as in is open the process has the store.
func (r *run) follow(ctx context.Context, cmd *exec.Cmd, in io.Closer, out io.Reader, work *Work, after int) (killed bool, err error) {
	t := &told{
		run: r, first: work.First, clients: work.Clients, open: make(map[[2]int]*linearizability.Operation),
		bytes: make(map[[2]int][]payload), attempts: make(map[int][]scenarios.Attempt), begun: make(map[int]int),
	}
	lines := bufio.NewReader(out)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break // a line that was cut off began no call and ended none
		}
		if n == 1 {
			if r.cfg.Exclusive {
				r.intrude(ctx)
			}
			_ = in.Close() // of a process that lives on
		}
		if err := t.take(line); err != nil {
			return killed, fmt.Errorf("processes: %w", err)
		}
		if n == after {
			if err := cmd.Process.Kill(); err != nil {
				return killed, fmt.Errorf("processes: kill: %w", err)
			}
			killed = true
		}
	}
	t.cut()
	if killed {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.result.Killed++
		r.result.UnderWay += len(t.open)
	}
	return killed, nil
}

// take takes a line.
func (t *told) take(line []byte) error {
	said, err := parse(line)
	if err != nil {
		return err
	}
	if said.Done != nil {
		return t.done(said.Client, said.Done.result())
	}
	op, err := said.operation()
	if err != nil {
		return err
	}
	at := [2]int{op.Client, said.Number}
	if op.Return == linearizability.Never {
		t.open[at], t.bytes[at] = &op, said.Bytes
		return nil
	}
	t.ended(at, &op)
	delete(t.open, at)
	return nil
}

// ended notes a call that will tell no more.
func (t *told) ended(at [2]int, op *linearizability.Operation) {
	t.run.keep(*op)
	if op.Kind == linearizability.Append {
		t.attempts[op.Client] = append(t.attempts[op.Client], attempt(op, t.bytes[at]))
	}
}

// attempt returns an append as the invariants of scenarios want it.
func attempt(op *linearizability.Operation, bytes []payload) scenarios.Attempt {
	made := scenarios.Attempt{Outcome: op.Outcome}
	next := make([]eventcore.Version, len(op.Participants))
	for i := range op.Events {
		e := &op.Events[i]
		to := op.Participants[e.Participant]
		next[e.Participant]++
		written := scenarios.Written{
			Stream: to.Stream, Version: to.Expected + next[e.Participant], Event: eventcore.Proposed{ID: e.ID, Type: e.Type},
		}
		if i < len(bytes) {
			written.Event.Data, written.Event.Metadata = bytes[i].Data, bytes[i].Metadata
		}
		made.Events = append(made.Events, written)
	}
	return made
}

// done notes an operation of a client's program.
func (t *told) done(client int, result scenarios.Result) error {
	i := client - t.first
	if i < 0 || i >= len(t.clients) || result.Index < 0 || result.Index >= len(t.clients[i]) {
		return fmt.Errorf("operation %d of client %d is none of the program", result.Index, client)
	}
	result.Client, result.Op, result.Attempts = client, t.clients[i][result.Index], t.attempts[client]
	t.attempts[client] = nil
	t.begun[client] = result.Index + 1
	t.run.mu.Lock()
	defer t.run.mu.Unlock()
	t.run.results = append(t.run.results, result)
	return nil
}

// cut ends what was under way when the process ended. Of an operation that has appended
// nothing by then there is nothing to say.
func (t *told) cut() {
	for at, op := range t.open {
		t.ended(at, op)
	}
	for client, attempts := range t.attempts {
		if len(attempts) == 0 {
			continue
		}
		// What came of it nobody was told; each of its appends says so for itself.
		_ = t.done(client, scenarios.Result{ // its number fits
			Index: t.begun[client], Phase: scenarios.PhaseSafety, Outcome: eventcore.OutcomeUnknown, Err: errKilled, Cut: true,
		})
	}
}

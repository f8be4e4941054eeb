package processes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// Work is what one process is to do.
type Work struct {
	Seed     uint64
	Scenario string
	// Began is the time at which all of it began, by the monotonic clock.
	Began int64
	// Process is its number, First that of its first client.
	Process, First int
	// Clients has the operations of each client.
	Clients [][]scenarios.Op
	// Faults is a plan as text.
	Faults string
}

// The delays between the tries of a command that met a conflict.
const (
	retryDelay    = 50 * time.Microsecond
	retryMaxDelay = 5 * time.Millisecond
	retries       = 8
)

// Serve is the process: it reads its [Work] from in, carries it out on the store, one
// goroutine a client, and writes to out, which must not be buffered, what is called and
// what came of it. Once it has written something it returns no sooner than in ends.
func Serve(ctx context.Context, store eventcore.Store, in io.Reader, out io.Writer) error {
	var work Work
	if err := json.NewDecoder(in).Decode(&work); err != nil {
		return fmt.Errorf("processes: work: %w", err)
	}
	scenario, err := scenarios.Lookup(work.Scenario)
	if err != nil {
		return fmt.Errorf("processes: work: %w", err)
	}
	plan, err := chaos.ParsePlan(work.Faults)
	if err != nil {
		return fmt.Errorf("processes: work: faults: %w", err)
	}
	if _, err := monotonic(); err != nil {
		return err
	}
	w := &writer{out: out}
	clock := eventcore.SystemClock{}
	faults := chaos.NewInjector(chaos.Config{Plan: plan, Seed: work.Seed, Clock: clock})
	at := &stamps{process: int64(work.Process), began: work.Began}
	var running sync.WaitGroup
	for i, ops := range work.Clients {
		id := work.First + i
		number := uint64(id) //nolint:gosec // an index is not negative
		client := &scenarios.Client{
			ID: id, Store: telling(&teller{id: id, out: w, stamps: at}, faults.Wrap(id, store)), Clock: clock,
			State:  scenarios.StateOf(store),
			Retry:  eventcore.Exponential(retryDelay, retryMaxDelay, retries),
			Random: prng.New(work.Seed, "client", number),
			IDs:    eventcore.NewIDGenerator(clock, prng.New(work.Seed, "ids", number)),

			Injected: func(err error) bool { return errors.Is(err, chaos.ErrInjected) },
		}
		running.Go(func() {
			for i, op := range ops {
				result := scenario.Run(ctx, client, op)
				w.send(record{Client: id, Done: doneOf(i, &result)})
			}
		})
	}
	running.Wait()
	if w.err == nil && w.lines > 0 {
		// Until then somebody may be looking whether others are kept out.
		if _, err := io.Copy(io.Discard, in); err != nil {
			return fmt.Errorf("processes: wait: %w", err)
		}
	}
	return w.err
}

// teller is the store of one client, which tells of each call.
type teller struct {
	id     int
	out    *writer
	stamps *stamps
	inner  eventcore.Store
	calls  int
}

type allTeller struct {
	*teller
	all eventcore.AllReader
}

func telling(t *teller, store eventcore.Store) eventcore.Store {
	t.inner = store
	if all, ok := store.(eventcore.AllReader); ok {
		return &allTeller{t, all}
	}
	return t
}

// begin tells that a call begins. The stamp is taken before anybody can know.
func (t *teller) begin(op *linearizability.Operation, bytes []payload) (number int) {
	t.calls++
	op.Client, op.Call, op.Return = t.id, t.stamps.call(), linearizability.Never
	t.out.write(t.calls, op, bytes)
	return t.calls
}

// Append implements [eventcore.Store].
func (t *teller) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	op := linearizability.Operation{
		Kind: linearizability.Append, Outcome: eventcore.OutcomeUnknown, Participants: writes.Participants(),
	}
	var bytes []payload
	for i := range writes.Events() {
		e := &writes.Events()[i]
		op.Events = append(op.Events, linearizability.Event{ID: e.Event.ID, Participant: e.Participant, Type: e.Event.Type})
		bytes = append(bytes, payload{e.Event.Data, e.Event.Metadata})
	}
	number := t.begin(&op, bytes)
	appended, err := t.inner.Append(ctx, writes)
	op.Return = t.stamps.returned()
	op.Outcome, op.Err = eventcore.OutcomeOf(err), err
	switch op.Outcome {
	case eventcore.OutcomeApplied:
		op.Appended = appended
	case eventcore.OutcomeNotApplied:
		op.Conflict, _ = errors.AsType[*eventcore.VersionConflict](err)
	default:
	}
	t.out.write(number, &op, nil)
	return appended, err
}

// ReadStream implements [eventcore.Store].
func (t *teller) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return t.read(linearizability.Operation{Kind: linearizability.ReadStream, Stream: id, After: after}, t.inner.ReadStream(ctx, id, after))
}

// ReadAll implements [eventcore.AllReader].
func (t *allTeller) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	op := linearizability.Operation{Kind: linearizability.ReadAll, Filter: filter, Position: after, Limit: limit}
	return t.read(op, t.all.ReadAll(ctx, filter, after, limit))
}

func (t *teller) read(op linearizability.Operation, events iter.Seq2[eventcore.Recorded, error]) iter.Seq2[eventcore.Recorded, error] {
	return func(consume func(eventcore.Recorded, error) bool) {
		op := op
		op.End = linearizability.Failed
		number := t.begin(&op, nil)
		end := func(how linearizability.End, err error) {
			op.End, op.Err, op.Return = how, err, t.stamps.returned()
			t.out.write(number, &op, nil)
		}
		for event, err := range events {
			if err != nil {
				end(linearizability.Failed, err)
				consume(event, err)
				return
			}
			op.Seen = append(op.Seen, linearizability.Seen{ID: event.ID, Stream: event.Stream, Version: event.Version, Position: event.Position})
			if !consume(event, nil) {
				end(linearizability.Stopped, nil)
				return
			}
		}
		if op.Limit > 0 && len(op.Seen) >= op.Limit {
			end(linearizability.Stopped, nil)
			return
		}
		end(linearizability.Complete, nil)
	}
}

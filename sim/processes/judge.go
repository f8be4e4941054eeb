package processes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// judge reads the store and judges the history.
func (r *run) judge(ctx context.Context) (err error) {
	if r.cfg.Idle != nil {
		if err := r.cfg.Idle(ctx); err != nil {
			return fmt.Errorf("processes: wait for the server: %w", err)
		}
	}
	store, err := r.cfg.Open(ctx)
	if err != nil {
		r.find("not opened", fmt.Sprintf("the store does not open any more: %v", err))
		return nil
	}
	defer func() {
		if closer, ok := store.(io.Closer); ok {
			err = errors.Join(err, closer.Close())
		}
	}()
	last, err := r.final(ctx, store)
	if err != nil {
		r.find("final read failed", fmt.Sprintf("the store cannot be read any more: %v", err))
		return nil
	}
	// All that was told happened before.
	latest := int64(0)
	for i := range r.ops {
		latest = max(latest, r.ops[i].Call)
		if r.ops[i].Return != linearizability.Never {
			latest = max(latest, r.ops[i].Return)
		}
	}
	for _, op := range last.Operations {
		op.Call, op.Return = op.Call+latest, op.Return+latest
		r.ops = append(r.ops, op)
	}
	slices.SortFunc(r.ops, func(a, b linearizability.Operation) int { return cmp.Compare(a.Call, b.Call) })
	r.result.History = linearizability.History{Operations: r.ops, Final: last.Final}
	r.check(ctx)
	r.checkInvariants(last.Final)
	return nil
}

// final reads every stream that was named, then the whole store.
func (r *run) final(ctx context.Context, store eventcore.Store) (linearizability.History, error) {
	recorder := linearizability.NewRecorder(1)
	// The number is that of no other client; its reads name the streams to the recorder.
	reader := recorder.Wrap(0, store)
	for _, id := range r.streams() {
		for _, err := range reader.ReadStream(ctx, id, 0) {
			if err != nil {
				return linearizability.History{}, err
			}
		}
	}
	if err := recorder.Final(ctx, store); err != nil {
		return linearizability.History{}, err
	}
	history := recorder.History()
	for i := range history.Operations {
		if op := &history.Operations[i]; op.Client == 0 {
			op.Client = r.cfg.Processes * (r.cfg.Kills + 1) * r.cfg.Clients
		}
	}
	return history, nil
}

func (r *run) streams() []eventcore.StreamID {
	named := make(map[eventcore.StreamID]bool)
	for i := range r.ops {
		for _, p := range r.ops[i].Participants {
			named[p.Stream] = true
		}
		if r.ops[i].Kind == linearizability.ReadStream {
			named[r.ops[i].Stream] = true
		}
	}
	var all []eventcore.StreamID
	for id := range named {
		all = append(all, id)
	}
	slices.SortFunc(all, func(a, b eventcore.StreamID) int { return cmp.Compare(a.String(), b.String()) })
	return all
}

// check judges the history by both checkers.
func (r *run) check(ctx context.Context) {
	report := linearizability.Check(ctx, r.result.History, linearizability.Options{})
	for _, a := range report.Anomalies {
		r.find(a.Name, a.Message)
	}
	switch report.Verdict {
	case linearizability.Unknown:
		r.result.Undecided = report.Reason
	case linearizability.Violation:
		if len(report.Anomalies) == 0 {
			r.find("not linearizable", report.Reason)
		}
	case linearizability.Disagreement:
		r.find("checkers disagree", "a bug of the harness, not of the store: "+report.Reason)
	case linearizability.OK:
	}
}

// checkInvariants judges what operations came to by the invariants of the scenario.
func (r *run) checkInvariants(last *linearizability.Final) {
	r.result.Results = r.results
	invariants := r.cfg.Scenario.Invariants
	if needed := r.cfg.Scenario.Lacks(justEvents{}); needed != "" {
		invariants = scenarios.Bookkeeping()
		r.result.LeftOut = "those of scenario " + r.cfg.Scenario.Name + " alone: what a process that was killed did with its " + needed + " is not known"
	}
	final := &scenarios.Final{Results: r.results, Streams: last.Streams, Global: last.Global}
	for _, invariant := range invariants {
		if err := invariant.Check(final); err != nil {
			r.find("invariant "+invariant.Name, fmt.Sprintf("%s: %v", invariant.Doc, err))
		}
	}
}

// justEvents stands for a store that keeps events and nothing else.
type justEvents struct {
	eventcore.Store
	eventcore.AllReader
}

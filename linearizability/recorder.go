package linearizability

import (
	"slices"
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// Recorder records the calls of several clients. Each client's calls come from one
// goroutine at a time; different clients may be on different goroutines, unless the
// recorder is one of [Memory.NewRecorder].
type Recorder struct {
	stamp atomic.Int64
	// logs are one for each client, then one for the final reads; or one for all.
	logs  []clientLog
	final *Final
	// ops are those of the last history, spare memory for those of the next one.
	ops, spare []Operation
}

// NewRecorder returns a recorder for clients 0 to clients-1.
func NewRecorder(clients int) *Recorder {
	return &Recorder{logs: make([]clientLog, clients+1)}
}

// log returns that of a client.
func (r *Recorder) log(client int) *clientLog {
	switch {
	case len(r.logs) == 1:
		return &r.logs[0]
	case client == FinalClient:
		return &r.logs[len(r.logs)-1]
	default:
		return &r.logs[client]
	}
}

// Wrap returns a store that passes every call on to store and records it as one of
// client. It implements [eventcore.AllReader] if and only if store does. It must be
// the outermost wrapper: what it does not see is not judged. A sequence that is
// iterated twice is recorded as two calls, one that is never iterated as none.
func (r *Recorder) Wrap(client int, store eventcore.Store) eventcore.Store {
	s := &recording{recorder: r, client: client, log: r.log(client), inner: store, streams: pushread.Of(store)}
	if all, ok := store.(eventcore.AllReader); ok {
		return &recordingAll{s, pushread.OfAll(all)}
	}
	return s
}

// Stamp returns the stamp of the last call or return.
func (r *Recorder) Stamp() int64 { return r.stamp.Load() }

// Reset forgets all calls and keeps the memory for those of another run. Histories
// that were returned before must not be used any more, and no call may be under way,
// not even one that will never return.
func (r *Recorder) Reset() {
	r.stamp.Store(0)
	r.final = nil
	for i := range r.logs {
		r.logs[i].reset()
	}
}

// History returns what was recorded. Its slices belong to the recorder. It must not
// be called while a call is under way, except one that will never return.
func (r *Recorder) History() History {
	total := 0
	for i := range r.logs {
		total += r.logs[i].ops.Len()
	}
	if len(r.logs) == 1 {
		r.ops = r.logs[0].ops.AppendTo(slices.Grow(r.spare[:0], total))
		r.spare = nil
		return History{Operations: r.ops, Final: r.final}
	}
	ops := make([]Operation, 0, total)
	taken := make([]int, len(r.logs))
	for len(ops) < total {
		var first *Operation
		of := 0
		for c := range r.logs {
			if taken[c] == r.logs[c].ops.Len() {
				continue
			}
			if op := r.logs[c].ops.At(taken[c]); first == nil || op.Call < first.Call {
				first, of = op, c
			}
		}
		ops = append(ops, *first)
		taken[of]++
	}
	return History{Operations: ops, Final: r.final}
}

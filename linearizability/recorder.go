package linearizability

import (
	"sync/atomic"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Recorder records the calls of several clients. Each client's calls come from one
// goroutine at a time; different clients may be on different goroutines.
type Recorder struct {
	stamp   atomic.Int64
	clients []clientLog // one each, then one for the final reads
	final   *Final
}

// NewRecorder returns a recorder for clients 0 to clients-1.
func NewRecorder(clients int) *Recorder {
	return &Recorder{clients: make([]clientLog, clients+1)}
}

// Wrap returns a store that passes every call on to store and records it as one of
// client. It implements [eventcore.AllReader] if and only if store does. It must be
// the outermost wrapper: what it does not see is not judged. A sequence that is
// iterated twice is recorded as two calls, one that is never iterated as none.
func (r *Recorder) Wrap(client int, store eventcore.Store) eventcore.Store {
	return r.wrap(client, &r.clients[client], store)
}

func (r *Recorder) wrap(client int, log *clientLog, store eventcore.Store) eventcore.Store {
	s := &recording{recorder: r, client: client, log: log, inner: store}
	if all, ok := store.(eventcore.AllReader); ok {
		return &recordingAll{s, all}
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
	for c := range r.clients {
		r.clients[c].reset()
	}
}

// History returns what was recorded. Its slices belong to the recorder. It must not
// be called while a call is under way, except one that will never return.
func (r *Recorder) History() History {
	total := 0
	for c := range r.clients {
		total += r.clients[c].ops.Len()
	}
	ops := make([]Operation, 0, total)
	taken := make([]int, len(r.clients))
	for len(ops) < total {
		var first *Operation
		of := 0
		for c := range r.clients {
			if taken[c] == r.clients[c].ops.Len() {
				continue
			}
			if op := r.clients[c].ops.At(taken[c]); first == nil || op.Call < first.Call {
				first, of = op, c
			}
		}
		ops = append(ops, *first)
		taken[of]++
	}
	return History{Operations: ops, Final: r.final}
}

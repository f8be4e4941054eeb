package sim

import "github.com/eventcore-go/eventcore-sim/eventcore"

// CallOrder returns which client was let into the store by each call of the clients, in
// order. It is the schedule without what is a backend's own.
func (r *Result) CallOrder() []int {
	var order []int
	for i := range r.Trace.Len() {
		s := r.Trace.steps.At(i)
		if s.kind == stepResume && int(s.task) < len(r.Program.Clients) && beginsCall(r.Trace.names[s.name]) {
			order = append(order, int(s.task))
		}
	}
	return order
}

// beginsCall says whether a yield point of that name is the beginning of a call.
func beginsCall(point string) bool {
	switch eventcore.Operation(point) {
	case pointAppend, pointReadStream, pointReadAll,
		eventcore.OpLoadCheckpoint, eventcore.OpSaveCheckpoint, eventcore.OpAcquire, eventcore.OpCheckLease,
		eventcore.OpReleaseLease, eventcore.OpLoadSnapshot, eventcore.OpSaveSnapshot:
		return true
	default:
		return false
	}
}

// SameError says whether two errors are the same to a caller who acts on them: their
// outcome, and what a conflict or a failure is about, not their text.
func SameError(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return digestError(a) == digestError(b)
}

package linearizability

import "fmt"

// Anomaly is one thing that no correct store does.
type Anomaly struct {
	// Name is one of the names below.
	Name string
	// Message is one sentence with the streams, versions and clients involved.
	Message string
	// Operations are indices into History.Operations: those that prove it.
	Operations []int
	// Edges has a line for each two of these of which the first must come before the
	// second. They lead in a circle through Operations, in their order. It is empty for
	// an anomaly that the contents of the store show without any order.
	Edges []string
}

// The names of anomalies.
const (
	// LostAppend: an append that was acknowledged, or whose event was read, is not in
	// the final log.
	LostAppend = "lost append"
	// AbortedAppendSeen: an append that was refused is in the final log, or an event of
	// it was read.
	AbortedAppendSeen = "aborted append seen"
	// TornAppend: a part of an append, acknowledged or refused, is in the final log, or
	// other events lie between its events in the global order.
	TornAppend = "torn append"
	// DuplicateEvent: an event is in the store, or came in one read, twice.
	DuplicateEvent = "duplicate event"
	// PhantomEvent: an event was read that nobody appended.
	PhantomEvent = "phantom event"
	// ReorderedAppend: the events of an append are in another order than in its batch.
	ReorderedAppend = "reordered append"
	// WrongStream: an event is in another stream than it was appended to.
	WrongStream = "event in the wrong stream"
	// WrongResult: an append returned versions, a position or a conflict that do not
	// fit its batch.
	WrongResult = "wrong append result"
	// LostUpdate: an append was applied to a stream that was not at its expected version.
	LostUpdate = "lost update"
	// UncheckedStream: an append was applied although a stream that it only relies on
	// had moved.
	UncheckedStream = "unchecked participant"
	// WriteSkew: appends were applied that each rely on what another one moved.
	WriteSkew = "write skew"
	// FalseConflict: an append was refused for a stream that was at its expected
	// version or takes no part.
	FalseConflict = "false conflict"
	// StaleRead: a call did not see what had returned before it began.
	StaleRead = "stale read"
	// NonMonotonicRead: a call did not see what an earlier one had seen.
	NonMonotonicRead = "non-monotonic read"
	// FutureRead: a call saw what was appended only after it had returned.
	FutureRead = "read from the future"
	// NonPrefixRead: a read of a stream skipped a version or began at another one than
	// asked for.
	NonPrefixRead = "non-prefix read"
	// IncompatibleOrder: two reads saw one event, or one version, differently.
	IncompatibleOrder = "incompatible order"
	// WrongPosition: an event came at another position than in the final log.
	WrongPosition = "wrong position"
	// RealTimeInversion: an append lies before one that had returned before it was
	// called.
	RealTimeInversion = "real-time inversion"
	// CursorSkip: a read of the global order left out an event between its cursor and
	// one that it returned.
	CursorSkip = "cursor skip"
	// BrokenGlobalOrder: the global order does not have the events of all streams in
	// their order at growing positions, or a read of it did not keep to it.
	BrokenGlobalOrder = "broken global order"
	// BrokenLimit: a read of the global order returned more events than its limit.
	BrokenLimit = "limit exceeded"
)

// findings collects anomalies, a few of each name: a store that is wrong once is
// often wrong a thousand times.
type findings struct {
	all    []Anomaly
	counts map[string]int
	// beyond is how many of them are in a global order that no client read.
	beyond int
}

// maxEach is the number of anomalies of one name that are kept.
const maxEach = 3

// total returns how many anomalies were found, kept or not.
func (f *findings) total() int {
	n := 0
	for _, count := range f.counts {
		n += count
	}
	return n
}

// room says whether one more anomaly of that name would be kept.
func (f *findings) room(name string) bool { return f.counts[name] < maxEach }

func (f *findings) add(name string, ops []int, format string, args ...any) {
	if f.counts == nil {
		f.counts = make(map[string]int)
	}
	f.counts[name]++
	if f.counts[name] <= maxEach {
		f.all = append(f.all, Anomaly{Name: name, Message: fmt.Sprintf(format, args...), Operations: ops})
	}
}

package sim

import (
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// Span is where an operation of the program lies in its run.
type Span struct {
	// Client, Phase and Index name the operation, as in [scenarios.Result].
	Client, Index int
	Phase         scenarios.Phase
	// FirstStep is the number of scheduling decisions before it, EndStep that at its end.
	// Those of them that chose its client are its own.
	FirstStep, EndStep int
	// FirstCall and EndCall are the same in calls of its client, as [chaos.Fault] counts them;
	// both are 0 for a client without faults.
	FirstCall, EndCall int
	// FirstRequest and EndRequest are the same in its requests to a server, FirstDisk and
	// EndDisk in its operations on the disk.
	FirstRequest, EndRequest int
	FirstDisk, EndDisk       int
	// After and Until are stamps of the history: the operations of its client that were called
	// after the one and not after the other are its own.
	After, Until int64
	// Ended is false for an operation that had not come back when the run ended.
	Ended bool
}

// Mark is where a fault or a crash lies in a run.
type Mark struct {
	// Stamp is the last stamp of the history before it.
	Stamp int64
	// Step is the number of scheduling decisions before it.
	Step int
	// Client is the client that had the fault, -1 for a crash.
	Client int
	// Text is the fault or the crash as text.
	Text string
}

// stamp returns the last stamp of the history.
func (r *run) stamp() int64 {
	if r.recorder == nil {
		return 0
	}
	return r.recorder.Stamp()
}

// decisions returns the number of scheduling decisions so far.
func (r *run) decisions() int { return int(r.world.steps.Load()) }

// beginSpan returns the index of a new span.
func (r *run) beginSpan(client int, phase scenarios.Phase, index int) int {
	r.result.Spans = append(r.result.Spans, Span{
		Client: client, Phase: phase, Index: index,
		FirstStep: r.decisions(), FirstCall: r.injector.Calls(client), After: r.stamp(),
		FirstRequest: r.injector.Requests(client), FirstDisk: r.injector.DiskOperations(client),
	})
	return len(r.result.Spans) - 1
}

func (r *run) endSpan(i int) {
	r.endAt(&r.result.Spans[i])
	r.result.Spans[i].Ended = true
}

func (r *run) endAt(s *Span) {
	s.EndStep, s.EndCall, s.Until = r.decisions(), r.injector.Calls(s.Client), r.stamp()
	s.EndRequest, s.EndDisk = r.injector.Requests(s.Client), r.injector.DiskOperations(s.Client)
}

// endSpans ends the spans of operations that did not come back.
func (r *run) endSpans() {
	for i := range r.result.Spans {
		if s := &r.result.Spans[i]; !s.Ended {
			r.endAt(s)
		}
	}
}

// Numbers returns which numbers the operation's calls, requests or operations on the disk
// have, whichever a fault of that kind hits: from first up to the one before end.
func (s *Span) Numbers(kind chaos.Kind) (first, end int) {
	switch {
	case kind.OnRequest():
		return s.FirstRequest, s.EndRequest
	case kind.OnDisk():
		return s.FirstDisk, s.EndDisk
	default:
		return s.FirstCall, s.EndCall
	}
}

func (r *run) mark(m Mark) {
	m.Stamp, m.Step = r.stamp(), r.decisions()
	r.result.Marks = append(r.result.Marks, m)
}

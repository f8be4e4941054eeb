package sim

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/internal/chunked"
)

// Trace is what happened in a run, step by step. Each step's hash covers the step
// and the hash before it, so that traces are equal if and only if their last
// hashes are, and the first difference can be named.
type Trace struct {
	steps chunked.List[step]
	hash  uint64
	names []string
	index map[string]int32
	tasks []string
	// stamp returns the last stamp of the history, nil where there is none; stamps has what
	// it returned at each step.
	stamp  func() int64
	stamps chunked.List[int32]
}

// step is one line of a trace. It is kept small: a run has several for each store
// call.
type step struct {
	time int64 // virtual nanoseconds since the start
	// detail digests what the task did since its last step.
	detail uint64
	// runnable is the set of tasks that could have run.
	runnable uint64
	hash     uint64
	name     int32
	task     int16
	kind     stepKind
}

type stepKind uint8

const (
	// stepResume: the scheduler lets a task go on from where it is parked.
	stepResume stepKind = iota
	// stepFault: a fault was injected.
	stepFault
	// stepPhase: the run entered a new phase.
	stepPhase
	// stepCrash: the process of the store crashed.
	stepCrash
	// stepTimer: something happened by itself at its time.
	stepTimer
)

// initialHash is the hash of an empty trace.
const initialHash = 0x6a09e667f3bcc908

func newTrace() *Trace {
	t := &Trace{}
	t.reset()
	return t
}

// reset makes it an empty trace, in the memory that it had.
func (t *Trace) reset() {
	if t.index == nil {
		t.index = make(map[string]int32)
	}
	clear(t.index)
	t.steps.Reset()
	t.stamps.Reset()
	t.hash, t.stamp = initialHash, nil
	t.names, t.tasks = t.names[:0], t.tasks[:0]
}

// intern returns the number of a name.
func (t *Trace) intern(name string) int32 {
	id, known := t.index[name]
	if !known {
		id = int32(len(t.names))
		t.names = append(t.names, name)
		t.index[name] = id
		// The name enters the hash where it is first used; from then on its number
		// stands for it.
		t.hash = chain(t.hash, digest(name))
	}
	return id
}

func (t *Trace) add(s step) {
	h := chain(t.hash, uint64(s.time))
	h = chain(h, uint64(uint16(s.task))<<40|uint64(s.kind)<<32|uint64(s.name))
	h = chain(h, s.runnable)
	h = chain(h, s.detail)
	s.hash, t.hash = h, h
	*t.steps.Add() = s
	if t.stamp != nil {
		*t.stamps.Add() = int32(t.stamp())
	}
}

// schedule returns the task of each scheduling decision, in the memory of tasks if that is
// enough.
func (t *Trace) schedule(tasks []int) []int {
	decisions := 0
	for i := range t.Len() {
		if t.steps.At(i).kind == stepResume {
			decisions++
		}
	}
	if decisions == 0 {
		return nil
	}
	tasks = slices.Grow(tasks[:0], decisions)
	for i := range t.Len() {
		if s := t.steps.At(i); s.kind == stepResume {
			tasks = append(tasks, int(s.task))
		}
	}
	return tasks
}

// Len returns the number of steps.
func (t *Trace) Len() int { return t.steps.Len() }

// Hash returns the hash over all steps.
func (t *Trace) Hash() uint64 { return t.hash }

// Line returns step i as text without a line break.
func (t *Trace) Line(i int) string {
	s := t.steps.At(i)
	who := "run"
	if s.task >= 0 && int(s.task) < len(t.tasks) {
		who = t.tasks[s.task]
	}
	at := time.Duration(s.time)
	switch s.kind {
	case stepFault:
		return fmt.Sprintf("#%d %v %s gets fault %s", i, at, who, t.names[s.name])
	case stepTimer:
		return fmt.Sprintf("#%d %v %s: %s", i, at, who, t.names[s.name])
	case stepCrash:
		return fmt.Sprintf("#%d %v the process of the store crashes: %s", i, at, t.names[s.name])
	case stepPhase:
		return fmt.Sprintf("#%d %v phase: %s", i, at, t.names[s.name])
	default:
		line := fmt.Sprintf("#%d %v %s goes on from %q", i, at, who, t.names[s.name])
		if s.detail != 0 {
			line += fmt.Sprintf(" [%016x]", s.detail)
		}
		return line + fmt.Sprintf(" (could run: %s)", t.taskSet(s.runnable))
	}
}

// taskSet names the tasks whose bits are set.
func (t *Trace) taskSet(bits uint64) string {
	var names []string
	for id := range t.tasks {
		if bits&(1<<(id%64)) != 0 {
			names = append(names, t.tasks[id])
		}
	}
	return strings.Join(names, ", ")
}

// WriteTo writes the trace as text, a line a step.
func (t *Trace) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for i := range t.Len() {
		n, err := fmt.Fprintf(w, "%s %016x\n", t.Line(i), t.steps.At(i).hash)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// chain mixes v into h. The multiplications and the shift spread every bit of both
// over the result (as in MurmurHash3's 64-bit finalizer).
func chain(h, v uint64) uint64 {
	h ^= v * 0xff51afd7ed558ccd
	h = (h ^ h>>32) * 0xc4ceb9fe1a85ec53
	return h ^ h>>29
}

// digest hashes a string (FNV-1a).
func digest(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return h
}

package sim

import (
	"cmp"
	"slices"
)

// timer is something that happens outside of all tasks at a virtual time.
type timer struct {
	at   int64
	task int16 // whose doing it is
	name string
	do   func()
}

// after has something happen once d nanoseconds have passed.
func (w *world) after(d int64, t *task, name string, do func()) {
	w.timers = append(w.timers, timer{at: w.now + d, task: int16(t.id), name: name, do: do}) //nolint:gosec // tasks are few
	slices.SortStableFunc(w.timers, func(a, b timer) int { return cmp.Compare(a.at, b.at) })
}

// due says whether a timer has run out.
func (w *world) due() bool { return len(w.timers) > 0 && w.timers[0].at <= w.now }

// ring lets happen what is due, between two steps.
func (w *world) ring() {
	for w.due() {
		next := w.timers[0]
		w.timers = w.timers[1:]
		w.trace.add(step{time: w.now, task: next.task, kind: stepTimer, name: w.trace.intern(next.name)})
		next.do()
	}
}

// ringAll lets happen at once what has not happened by the end of the run.
func (w *world) ringAll() {
	for _, t := range w.timers {
		t.do()
	}
	w.timers = nil
}

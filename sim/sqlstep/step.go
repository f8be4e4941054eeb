package sqlstep

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// taskOf returns the simulated task that a context belongs to, nil for none.
func taskOf(ctx context.Context) yield.Task { return yield.From(ctx) }

// runOf returns what the tasks of a run have in common, nil if that is not known.
func runOf(task yield.Task) any {
	if t, ok := task.(yield.BlockingTask); ok {
		return t.Run()
	}
	return nil
}

// stopping says whether a task is only taken down: it must not be parked any more.
func stopping(task yield.Task) bool {
	t, ok := task.(yield.BlockingTask)
	return ok && t.Stopping()
}

// noMore takes a task down, where it is to be, before it gets another connection. A store that
// tries again whatever fails would else do so for ever: in the middle of a statement a panic is not
// let through, and locks may be held by tasks that are taken down later.
func noMore(task yield.Task) {
	if stopping(task) {
		task.Yield(prefix + "connect")
	}
}

// park parks a task.
func park(task yield.Task, name string) {
	if !stopping(task) {
		task.Yield(name)
	}
}

// wait parks a task until it is ready, or is taken down.
func wait(task yield.Task, name string, ready func() bool) {
	if !stopping(task) {
		task.Wait(name, ready)
	}
}

// waitFor parks a task until it is ready, is taken down, or so much of its run's time has
// passed. It returns what is left of that.
func waitFor(task yield.Task, name string, limit time.Duration, ready func() bool) (left time.Duration) {
	timed, ok := task.(yield.TimedTask)
	switch {
	case stopping(task):
		return 0
	case ok:
		return timed.WaitFor(name, limit, ready)
	default:
		task.Wait(name, ready)
		return limit
	}
}

const (
	prefix = "sql: "
	// longestName is the number of characters that traces show of a statement.
	longestName = 60
)

// named returns the name of a statement in traces: its beginning, on one line.
func named(statement string) string {
	var b strings.Builder
	b.Grow(len(prefix) + longestName + 2)
	b.WriteString(prefix)
	length, last, space := 0, 0, false
	for _, r := range statement {
		if unicode.IsSpace(r) {
			space = length > 0
			continue
		}
		for _, r := range [2]rune{' ', r} {
			if r == ' ' && !space {
				continue
			}
			space = false
			if length == longestName {
				return b.String()[:last] + "…"
			}
			if length++; length == longestName {
				last = b.Len()
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

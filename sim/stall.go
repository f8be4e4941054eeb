package sim

import (
	"runtime"
	"strings"
)

// stallStacks returns the stacks of the tasks that are not parked, of all goroutines if
// there is none: where a step that does not end has got to. Tasks of runs that go on
// beside this one may be among them.
func stallStacks() string {
	all := stacks()
	var busy []string
	for stack := range strings.SplitSeq(all, "\n\n") {
		parked := strings.Contains(stack, "sim.(*task).stop(") || strings.Contains(stack, "coro.(*runner).comeBack(")
		if strings.Contains(stack, "sim.(*world).spawn.func1(") && !parked {
			busy = append(busy, stack)
		}
	}
	if len(busy) == 0 {
		return all
	}
	return strings.Join(busy, "\n\n")
}

func stacks() string {
	for size := 1 << 20; ; size *= 2 {
		text := make([]byte, size)
		if n := runtime.Stack(text, true); n < size {
			return string(text[:n])
		}
	}
}

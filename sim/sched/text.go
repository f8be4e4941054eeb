package sched

import (
	"fmt"
	"strconv"
	"strings"
)

// Format writes a schedule as text: task IDs separated by spaces, a run of one
// task as "IDxN".
func Format(choices []int) string {
	var b strings.Builder
	for i := 0; i < len(choices); {
		n := 1
		for i+n < len(choices) && choices[i+n] == choices[i] {
			n++
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(choices[i]))
		if n > 1 {
			b.WriteByte('x')
			b.WriteString(strconv.Itoa(n))
		}
		i += n
	}
	return b.String()
}

// maxSchedule bounds what Parse expands, so that a short text cannot ask for all
// memory.
const maxSchedule = 10_000_000

// Parse is the inverse of [Format].
func Parse(text string) ([]int, error) {
	choices := []int{}
	for field := range strings.FieldsSeq(text) {
		task, count, repeated := strings.Cut(field, "x")
		id, err := strconv.Atoi(task)
		if err != nil || id < 0 {
			return nil, fmt.Errorf("schedule: %q is not a task ID or ID times a count like 2x7", field)
		}
		n := 1
		if repeated {
			if n, err = strconv.Atoi(count); err != nil || n < 1 {
				return nil, fmt.Errorf("schedule: the count in %q is not a positive number", field)
			}
		}
		if n > maxSchedule-len(choices) {
			return nil, fmt.Errorf("schedule: %q makes it longer than %d steps", field, maxSchedule)
		}
		for range n {
			choices = append(choices, id)
		}
	}
	return choices, nil
}

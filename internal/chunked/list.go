// Package chunked has a list that grows without moving what it holds.
package chunked

import "unsafe"

// chunkBytes is about the size of a chunk: small beside what a run needs, large beside the
// cost of making one.
const chunkBytes = 4096

// List is a list of values that are added at its end and never move, so that growing copies
// nothing and leaves no garbage. The zero value is empty. It is not safe for concurrent use.
type List[T any] struct {
	chunks [][]T
	length int
	// shift is the logarithm of the size of a chunk.
	shift uint
}

// Add adds a zero value and returns its place, which stays valid.
func (l *List[T]) Add() *T {
	at := l.length >> l.shift
	if at >= len(l.chunks) {
		if l.chunks == nil {
			l.shift = shiftFor(unsafe.Sizeof(*new(T)))
		}
		l.chunks = append(l.chunks, make([]T, 1<<l.shift))
	}
	l.length++
	return l.At(l.length - 1)
}

// shiftFor returns the logarithm of how many values of a size are in a chunk.
func shiftFor(size uintptr) uint {
	shift := uint(3)
	for size<<(shift+1) <= chunkBytes && shift < 9 {
		shift++
	}
	return shift
}

// At returns the place of value i, which must be less than the length.
func (l *List[T]) At(i int) *T {
	return &l.chunks[i>>l.shift][i&(1<<l.shift-1)]
}

// Len returns the number of values.
func (l *List[T]) Len() int { return l.length }

// AppendTo adds the values of the list to s, and returns that.
func (l *List[T]) AppendTo(s []T) []T {
	for left, i := l.length, 0; left > 0; i++ {
		part := l.chunks[i][:min(left, len(l.chunks[i]))]
		s, left = append(s, part...), left-len(part)
	}
	return s
}

// Reset empties the list and keeps the memory. Places that were returned are used again.
func (l *List[T]) Reset() {
	for i := range l.chunks {
		if i<<l.shift < l.length {
			clear(l.chunks[i])
		}
	}
	l.length = 0
}

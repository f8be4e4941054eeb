package groupcommit

import (
	"errors"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ErrGivenUp is the failure of an append whose caller, or that of another in its group, was
// ended by a panic. Nobody knows what became of it.
var ErrGivenUp = errors.New("the caller was ended while the append was under way")

// The most that a group of appends takes, unless the caller of a backend says otherwise: one
// transaction keeps all others out.
const (
	MostAppends = 64
	MostBytes   = 1 << 20
)

// eventBytes is what an event takes besides its payload, roughly: its stream, ID and numbers.
const eventBytes = 100

// SizeOf returns what an append takes, roughly, in bytes.
func SizeOf(writes *eventcore.Writes) int {
	size := 0
	events := writes.Events()
	for i := range events {
		e := &events[i].Event
		size += eventBytes + len(e.Type) + len(e.Data) + len(e.Metadata)
	}
	return size
}

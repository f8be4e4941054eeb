package linearizability

import "github.com/eventcore-go/eventcore-sim/eventcore"

// clientLog has the operations of one client. What they point to is cut from larger
// blocks, so that recording seldom allocates.
type clientLog struct {
	ops          []Operation
	participants []eventcore.Participant
	events       []Event
	seen         []Seen
}

// block is the number of elements that are allocated at once.
const block = 128

// begin adds an operation and returns its index: the slice may move while the call
// is under way.
func (l *clientLog) begin(op Operation) int {
	l.ops = append(l.ops, op)
	return len(l.ops) - 1
}

// room returns the free part of a block with space for at least n more elements.
func room[T any](free []T, n int) []T {
	if cap(free)-len(free) < n {
		return make([]T, 0, max(block, n))
	}
	return free
}

func (l *clientLog) keepParticipants(all []eventcore.Participant) []eventcore.Participant {
	l.participants = room(l.participants, len(all))
	from := len(l.participants)
	l.participants = append(l.participants, all...)
	return l.participants[from:len(l.participants):len(l.participants)]
}

func (l *clientLog) keepEvents(writes []eventcore.Write) []Event {
	l.events = room(l.events, len(writes))
	from := len(l.events)
	for i := range writes {
		w := &writes[i]
		l.events = append(l.events, Event{w.Event.ID, w.Participant, w.Event.Type})
	}
	return l.events[from:len(l.events):len(l.events)]
}

// takeSeen returns an empty slice to append to. A read that begins before it is
// given back gets another.
func (l *clientLog) takeSeen() []Seen {
	free := room(l.seen, 1)
	l.seen = nil
	return free[len(free):]
}

// giveSeen takes the slice back and returns what a read keeps of it.
func (l *clientLog) giveSeen(seen []Seen) []Seen {
	l.seen = seen
	return seen[:len(seen):len(seen)]
}

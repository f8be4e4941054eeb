package site

import (
	"cmp"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// stream is what is known of a stream's contents at every moment.
type stream struct {
	Name   string  `json:"name"`
	Events []event `json:"events"`
}

// event is an event that was appended, or is in the final log.
type event struct {
	Version uint64 `json:"v"`
	Type    string `json:"type"`
	Call    int    `json:"call"` // the append, -1: nobody's
	// From and To bound the moment at which it came: the append's call, and its return or, where
	// its outcome is unknown, the first return of a read that saw it.
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	State state   `json:"state"`
}

// state is what became of an event.
type state string

const (
	there     state = "there"
	unread    state = "unread"    // acknowledged or seen, and there was no final read
	lost      state = "lost"      // acknowledged or seen, and not in the final log
	refused   state = "refused"   // refused, and in the final log
	misplaced state = "misplaced" // in the final log at another place than was promised
	dropped   state = "dropped"   // of unknown outcome, and never seen
	phantom   state = "phantom"   // in the final log, and nobody appended it
)

// place is where the final log has an event.
type place struct {
	stream  eventcore.StreamID
	version eventcore.Version
}

// streamsOf follows the events of a history. It shows what calls say of them, which is what
// anybody outside of the store can know.
func streamsOf(h *linearizability.History, calls []call) []stream {
	f := &following{history: h, calls: calls, final: make(map[eventcore.EventID]place), seen: make(map[eventcore.EventID]float64), of: make(map[eventcore.StreamID][]event)}
	f.index()
	for i := range h.Operations {
		if h.Operations[i].Kind == linearizability.Append {
			f.follow(i)
		}
	}
	if h.Final != nil {
		f.addPhantoms()
	}
	all := []stream{}
	for id, events := range f.of {
		slices.SortStableFunc(events, func(a, b event) int { return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Call, b.Call)) })
		all = append(all, stream{id.String(), events})
	}
	slices.SortFunc(all, func(a, b stream) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

type following struct {
	history *linearizability.History
	calls   []call
	final   map[eventcore.EventID]place
	seen    map[eventcore.EventID]float64 // the first return of a read that saw it
	of      map[eventcore.StreamID][]event
}

func (f *following) index() {
	if f.history.Final != nil {
		for id, events := range f.history.Final.Streams {
			for v := range events {
				f.final[events[v].ID] = place{id, eventcore.Version(v) + 1}
			}
		}
	}
	for i := range f.history.Operations {
		for _, seen := range f.history.Operations[i].Seen {
			if at, known := f.seen[seen.ID]; !known || f.calls[i].To < at {
				f.seen[seen.ID] = f.calls[i].To
			}
		}
	}
}

// follow adds the events of an append.
func (f *following) follow(i int) {
	op := &f.history.Operations[i]
	next := make([]eventcore.Version, len(op.Participants))
	for p := range op.Participants {
		next[p] = op.Participants[p].Expected
	}
	for _, e := range op.Events {
		next[e.Participant]++
		promised := place{op.Participants[e.Participant].Stream, next[e.Participant]}
		at, kept := f.final[e.ID]
		seen, wasSeen := f.seen[e.ID]
		delete(f.final, e.ID)
		shown := event{Version: uint64(promised.version), Type: e.Type, Call: i, From: f.calls[i].From, To: f.calls[i].To}
		switch {
		case op.Outcome == eventcore.OutcomeNotApplied && !kept:
			continue
		case op.Outcome == eventcore.OutcomeNotApplied:
			shown.State = refused
		case op.Outcome == eventcore.OutcomeUnknown && !kept && !wasSeen:
			shown.State = dropped
		case f.history.Final == nil:
			shown.State = unread
		case !kept:
			shown.State = lost
		case at != promised:
			shown.State, shown.Version = misplaced, uint64(at.version)
			promised.stream = at.stream
		default:
			shown.State = there
		}
		if op.Outcome == eventcore.OutcomeUnknown && wasSeen {
			shown.To = seen
		}
		f.of[promised.stream] = append(f.of[promised.stream], shown)
	}
}

// addPhantoms adds what is left of the final log.
func (f *following) addPhantoms() {
	for id, events := range f.history.Final.Streams {
		if _, known := f.of[id]; !known {
			f.of[id] = []event{}
		}
		for v := range events {
			if _, left := f.final[events[v].ID]; left {
				f.of[id] = append(f.of[id], event{Version: uint64(v) + 1, Type: events[v].Type, Call: none, From: 0, To: f.seen[events[v].ID], State: phantom})
			}
		}
	}
}

package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Invariant is what must hold at the end of every run on a correct store, whatever
// was scheduled and whatever failed.
type Invariant struct {
	Name string
	// Doc says in one sentence what holds.
	Doc string
	// Check returns nil, or an error that says what does not hold and where. It may
	// fill caches of final, so one Final is checked by one goroutine at a time.
	Check func(final *Final) error
}

// Final is what is left at the end of a run: the results of all operations, and the
// log, read without faults once every operation had ended.
type Final struct {
	Results []Result
	// Streams has the events of every stream, oldest first.
	Streams map[eventcore.StreamID][]eventcore.Recorded
	// Global has all events in their global order. It is nil where the store has
	// none; what only it can show is then not checked.
	Global []eventcore.Recorded
	// Crashes are the logical times at which the store's process crashed.
	Crashes []int64
	// Lost are the sessions that the store has lost with its server.
	Lost []LostSession

	names  []eventcore.StreamID
	places map[eventcore.EventID]place
	tries  map[eventcore.EventID]bool
	orders map[string][]*eventcore.Recorded
	peers  peers
}

// LostSession is a session of a store with its server that the network has cut, or the
// server has ended.
type LostSession struct {
	// Client is the one whose call used it last.
	Client int
	// From is the logical time at which it was lost. Until To the server may keep what it
	// held, such as leases.
	From, To int64
}

// place is where an event stands in the log: at the first of its times.
type place struct {
	event *eventcore.Recorded
	times int
}

// streams returns the names of the streams in a fixed order, since the order of a
// map would make messages differ from run to run.
func (f *Final) streams() []eventcore.StreamID {
	if f.names == nil {
		f.names = slices.SortedFunc(maps.Keys(f.Streams), func(a, b eventcore.StreamID) int {
			return cmp.Compare(a.String(), b.String())
		})
	}
	return f.names
}

// events returns the number of events in the streams.
func (f *Final) events() int {
	n := 0
	for _, events := range f.Streams {
		n += len(events)
	}
	return n
}

// placeOf returns where an event stands in the streams.
func (f *Final) placeOf(id eventcore.EventID) place {
	if f.places == nil {
		f.places = make(map[eventcore.EventID]place, f.events())
		for _, name := range f.streams() {
			events := f.Streams[name]
			for i := range events {
				p := f.places[events[i].ID]
				if p.event == nil {
					p.event = &events[i]
				}
				p.times++
				f.places[events[i].ID] = p
			}
		}
	}
	return f.places[id]
}

// tried says whether any operation sent an event with that ID.
func (f *Final) tried(id eventcore.EventID) bool {
	if f.tries == nil {
		f.tries = make(map[eventcore.EventID]bool, f.events())
		for i := range f.Results {
			for _, attempt := range f.Results[i].Attempts {
				for j := range attempt.Events {
					f.tries[attempt.Events[j].Event.ID] = true
				}
			}
		}
	}
	return f.tries[id]
}

// facts calls check with each event of a stream that is a fact, in order, until it
// returns an error, which is given the event's place. A payload that is no fact is
// an error too.
func (f *Final) facts(name eventcore.StreamID, check func(e *eventcore.Recorded, said fact) error) error {
	events := f.Streams[name]
	for i := range events {
		if err := f.withFact(&events[i], check); err != nil {
			return err
		}
	}
	return nil
}

func (f *Final) withFact(e *eventcore.Recorded, check func(e *eventcore.Recorded, said fact) error) error {
	said, err := f.peers.parse(e.Data)
	if err == nil {
		said.Type = e.Type
		err = check(e, said)
	}
	if err != nil {
		return fmt.Errorf("event %d of stream %q: %w", e.Version, e.Stream, err)
	}
	return nil
}

// eachFact is facts over all streams.
func (f *Final) eachFact(check func(e *eventcore.Recorded, said fact) error) error {
	for _, name := range f.streams() {
		if err := f.facts(name, check); err != nil {
			return err
		}
	}
	return nil
}

// describe names the operation of a result in messages.
func (r *Result) describe() string {
	return fmt.Sprintf("%s operation %d of client %d, %s,", r.Phase, r.Index, r.Client, r.Op)
}

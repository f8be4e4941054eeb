package file

import (
	"fmt"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// index says of each event where it lies. What is in it never changes, so a copy is a
// snapshot that may be read while appends go on.
type index struct {
	// files has the appends in their order, entries the events in theirs.
	files   []source
	entries []entry
	// names and kinds have the streams and types that entries refer to.
	names []eventcore.StreamID
	kinds []string

	streams map[eventcore.StreamID]*streamIndex
	kindOf  map[string]uint32
}

// source is an append.
type source struct {
	id eventcore.EventID
	// The time of a time.Time, in half of its space.
	seconds     int64
	nanoseconds int32
}

// at returns when the append was made.
func (s *source) at() time.Time { return time.Unix(s.seconds, int64(s.nanoseconds)).UTC() }

// entry is an event. There is one in memory for each, so it is small: there cannot be more
// versions in a stream than indexes in entries.
type entry struct {
	offset      int64
	version     uint32
	length, crc uint32
	file        uint32
	stream      uint32
	kind        uint32
}

// streamIndex has the events of a stream, as indexes in entries.
type streamIndex struct {
	number uint32
	events []uint32
}

func newIndex() index {
	return index{streams: make(map[eventcore.StreamID]*streamIndex), kindOf: make(map[string]uint32)}
}

// version returns the number of events in a stream.
func (x *index) version(id eventcore.StreamID) eventcore.Version {
	if s := x.streams[id]; s != nil {
		return eventcore.Version(len(s.events))
	}
	return 0
}

// check returns an error unless a transaction extends what is there.
func (x *index) check(t *transaction) error {
	for _, s := range t.header.Streams {
		if actual := x.version(s.Stream); actual != s.Base {
			return fmt.Errorf("it extends version %d of stream %q, which is at %d", s.Base, s.Stream, actual)
		}
	}
	return nil
}

// add adds a transaction that check has passed.
func (x *index) add(t *transaction) {
	file := uint32(len(x.files))
	at := t.header.CreatedAt
	x.files = append(x.files, source{id: t.header.Transaction, seconds: at.Unix(), nanoseconds: int32(at.Nanosecond())})
	streams := make([]*streamIndex, len(t.header.Streams))
	for i, s := range t.header.Streams {
		streams[i] = x.stream(s.Stream)
	}
	for i := range t.lines {
		p := &t.lines[i]
		s := streams[p.stream]
		s.events = append(s.events, uint32(len(x.entries)))
		x.entries = append(x.entries, entry{
			offset: p.offset, length: p.length, crc: p.crc, file: file,
			version: uint32(len(s.events)), stream: s.number, kind: x.kind(p.kind),
		})
	}
}

func (x *index) stream(id eventcore.StreamID) *streamIndex {
	s := x.streams[id]
	if s == nil {
		s = &streamIndex{number: uint32(len(x.names))}
		x.streams[id] = s
		x.names = append(x.names, id)
	}
	return s
}

func (x *index) kind(name string) uint32 {
	number, known := x.kindOf[name]
	if !known {
		number = uint32(len(x.kinds))
		x.kindOf[name] = number
		x.kinds = append(x.kinds, name)
	}
	return number
}

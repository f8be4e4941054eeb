package file

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// transaction is an append as the index needs it: its header, and where its events lie.
type transaction struct {
	header header
	lines  []place
}

// place is where an event lies in a file.
type place struct {
	offset int64
	length uint32
	crc    uint32
	// stream is the index in header.Streams.
	stream uint32
	kind   string
}

// fileName returns the name of the file of a transaction, without its directory.
func fileName(id eventcore.EventID) string { return id.String() + suffix }

// checksum guards a line between the moment it was checked by its file's hash and the
// one when it is read again.
func checksum(line []byte) uint32 { return crc32.Checksum(line, crc32.MakeTable(crc32.Castagnoli)) }

// parse reads a whole file. name is the file's, without its directory. The error is a
// defect; where that does not say what to do, the file has to be brought back.
func parse(name string, content []byte) (*transaction, error) {
	id, err := idOf(name)
	if err != nil {
		return nil, err
	}
	first, payload, whole := bytes.Cut(content, []byte("\n"))
	if !whole {
		return nil, &defect{what: "it is cut off in the header"}
	}
	h, err := decodeHeader(first)
	if err != nil {
		return nil, err
	}
	switch {
	case h.Transaction != id:
		return nil, &defect{
			fmt.Sprintf("it is a copy of %s under another name", fileName(h.Transaction)),
			"give it that name if there is no such file, else move it somewhere else",
		}
	case hash(payload) != h.Payload:
		return nil, &defect{what: "its events do not match their hash: it was changed or cut off"}
	}
	t := &transaction{header: h}
	if err := t.parseLines(payload, int64(len(first)+1)); err != nil {
		return nil, &defect{what: err.Error()}
	}
	return t, nil
}

// parseLines notes where the events lie.
func (t *transaction) parseLines(payload []byte, offset int64) error {
	streams := make(map[string]uint32, len(t.header.Streams))
	for i, s := range t.header.Streams {
		streams[s.Stream.String()] = uint32(i)
	}
	found := make([]int, len(t.header.Streams))
	t.lines = make([]place, 0, t.header.Events)
	for len(payload) > 0 {
		text, rest, whole := bytes.Cut(payload, []byte("\n"))
		if !whole {
			return fmt.Errorf("event %d is cut off", len(t.lines)+1)
		}
		l, err := decodeLine(text)
		if err != nil {
			return fmt.Errorf("event %d: %w", len(t.lines)+1, err)
		}
		stream, declared := streams[l.Stream]
		if !declared {
			return fmt.Errorf("event %d belongs to stream %q, which the header does not have", len(t.lines)+1, l.Stream)
		}
		found[stream]++
		t.lines = append(t.lines, place{offset: offset, length: uint32(len(text)), crc: checksum(text), stream: stream, kind: l.Type})
		offset += int64(len(text) + 1)
		payload = rest
	}
	return t.checkCounts(found)
}

func (t *transaction) checkCounts(found []int) error {
	if len(t.lines) != t.header.Events || len(t.lines) == 0 && t.header.Format != mergeFormat {
		return fmt.Errorf("it has %d events, the header says %d", len(t.lines), t.header.Events)
	}
	for i, s := range t.header.Streams {
		if found[i] != s.Events {
			return fmt.Errorf("it has %d events of stream %q, the header says %d", found[i], s.Stream, s.Events)
		}
	}
	return nil
}

// seal puts the header before the payload, and moves the events' places accordingly.
func (t *transaction) seal(payload []byte, now time.Time) ([]byte, error) {
	t.header.CreatedAt, t.header.Payload = now, hash(payload)
	first, err := t.header.encode()
	if err != nil {
		return nil, err
	}
	for i := range t.lines {
		t.lines[i].offset += int64(len(first) + 1)
	}
	content := make([]byte, 0, len(first)+1+len(payload))
	content = append(append(content, first...), '\n')
	return append(content, payload...), nil
}

package file

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// fetchFile adds events of one file to the page.
func (r *reader) fetchFile(wanted []uint32) error {
	source := &r.view.files[r.view.entries[wanted[0]].file]
	name := eventsDir + "/" + fileName(source.id)
	f, err := r.store.fs.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return fmt.Errorf("%s was there when the store was opened: %w; %s", name, err, bringBack)
	}
	if err := r.fetchFrom(f, source, wanted); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return f.Close()
}

// fetchFrom adds events of an open file. Events that follow one another are read at once.
func (r *reader) fetchFrom(f vfs.File, source *source, wanted []uint32) error {
	for len(wanted) > 0 {
		first := &r.view.entries[wanted[0]]
		n, end := 1, first.offset+int64(first.length)
		for n < len(wanted) && r.view.entries[wanted[n]].offset == end+1 {
			end += 1 + int64(r.view.entries[wanted[n]].length)
			n++
		}
		block := make([]byte, end-first.offset)
		if _, err := f.ReadAt(block, first.offset); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for _, at := range wanted[:n] {
			e := &r.view.entries[at]
			from := e.offset - first.offset
			recorded, err := r.decode(e, source, block[from:from+int64(e.length)])
			if err != nil {
				return fmt.Errorf("the event at byte %d: %w", e.offset, err)
			}
			recorded.Position = eventcore.NewPosition(r.store.log, uint64(at)+1)
			r.page = append(r.page, recorded)
		}
		wanted = wanted[n:]
	}
	return nil
}

// decode returns an event, if its line is still the one that was checked.
func (r *reader) decode(e *entry, source *source, text []byte) (eventcore.Recorded, error) {
	if checksum(text) != e.crc {
		return eventcore.Recorded{}, fmt.Errorf("%w: it was changed since the store was opened; %s", ErrDamaged, bringBack)
	}
	l, err := decodeLine(text)
	if err != nil {
		return eventcore.Recorded{}, err
	}
	return eventcore.Recorded{
		ID: l.ID, Stream: r.view.names[e.stream], Version: eventcore.Version(e.version), Type: r.view.kinds[e.kind],
		Data: l.Data, Metadata: l.Metadata, RecordedAt: source.at(),
	}, nil
}

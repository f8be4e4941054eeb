package scenarios

import (
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// checkOnCall follows the global order where there is one. Else it knows only how
// things stand at the end.
func checkOnCall(f *Final) error {
	on := make(map[eventcore.StreamID]bool)
	if f.Global == nil {
		events := 0
		for _, name := range f.streams() {
			for i := range f.Streams[name] {
				note(on, &f.Streams[name][i])
				events++
			}
		}
		if events > 0 && len(on) == 0 {
			return fmt.Errorf("nobody is on call at the end")
		}
		return nil
	}
	for i := range f.Global {
		e := &f.Global[i]
		if note(on, e); len(on) == 0 {
			return fmt.Errorf("event %d of stream %q, at position %s, leaves nobody on call", e.Version, e.Stream, e.Position)
		}
	}
	return nil
}

func note(on map[eventcore.StreamID]bool, e *eventcore.Recorded) {
	if e.Type == typeOnCall {
		on[e.Stream] = true
	} else {
		delete(on, e.Stream)
	}
}

// checkNoSkew needs no global order, and sees a skew that a later return has mended.
func checkNoSkew(f *Final) error {
	var leaves []*Result
	for i := range f.Results {
		if r := &f.Results[i]; r.Op.Do == "leave" && r.Err == nil {
			leaves = append(leaves, r)
		}
	}
	for i, a := range leaves {
		for _, b := range leaves[:i] {
			if a.Op.Streams[0] != b.Op.Streams[0] && !a.sawWriteOf(b) && !b.sawWriteOf(a) {
				return fmt.Errorf("%s and %s both succeeded, and neither saw the other", a.describe(), b.describe())
			}
		}
	}
	return nil
}

// sawWriteOf says whether r read the stream that other wrote at a version that
// includes the write. One that did not read the stream at all is said to have.
func (r *Result) sawWriteOf(other *Result) bool {
	mine, read := r.readVersion(other.Op.Streams[0])
	theirs, _ := other.readVersion(other.Op.Streams[0])
	return !read || mine > theirs
}

func (r *Result) readVersion(id eventcore.StreamID) (eventcore.Version, bool) {
	for _, at := range r.Executed.Read {
		if at.Stream == id {
			return at.Version, true
		}
	}
	return 0, false
}

// Package planted is the store of package minimal with a bug: it checks the streams that a
// batch writes to, and forgets those that it only relies on.
package planted

import (
	"context"

	"example.org/minimal"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Store has the bug.
type Store struct{ *minimal.Store }

// Append implements [eventcore.Store], wrongly.
func (s Store) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	parts := w.Participants()
	written := make(map[int]bool)
	for _, e := range w.Events() {
		written[e.Participant] = true
	}
	var kept eventcore.Writes
	for i, p := range parts {
		if !written[i] {
			continue // the bug
		}
		if err := kept.Expect(p.Stream, p.Expected); err != nil {
			return eventcore.Appended{}, err
		}
	}
	for _, e := range w.Events() {
		if err := kept.Append(parts[e.Participant].Stream, e.Event); err != nil {
			return eventcore.Appended{}, err
		}
	}
	return s.Store.Append(ctx, kept)
}

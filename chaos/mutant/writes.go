package mutant

import (
	"context"
	"hash/fnv"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// edit returns a copy of writes that has those participants for which participant
// returns true, at the version it returns, and those of their events for which
// event returns true.
func edit(
	writes eventcore.Writes,
	participant func(p eventcore.Participant) (eventcore.Version, bool),
	event func(to eventcore.Participant) bool,
) (eventcore.Writes, error) {
	var edited eventcore.Writes
	kept := make([]bool, len(writes.Participants()))
	for i, p := range writes.Participants() {
		var version eventcore.Version
		if version, kept[i] = participant(p); kept[i] {
			if err := edited.Expect(p.Stream, version); err != nil {
				return eventcore.Writes{}, err
			}
		}
	}
	for _, w := range writes.Events() {
		to := writes.Participants()[w.Participant]
		if !kept[w.Participant] || !event(to) {
			continue
		}
		if err := edited.Append(to.Stream, w.Event); err != nil {
			return eventcore.Writes{}, err
		}
	}
	return edited, nil
}

func asExpected(p eventcore.Participant) (eventcore.Version, bool) { return p.Expected, true }

func anyEvent(eventcore.Participant) bool { return true }

func noEvent(eventcore.Participant) bool { return false }

// written returns the participants that the batch writes to.
func written(writes eventcore.Writes) []eventcore.Participant {
	var to []eventcore.Participant
	for _, p := range writes.Participants() {
		if p.Events > 0 {
			to = append(to, p)
		}
	}
	return to
}

// rare picks one batch in n by the ID of its first event, so that the choice is the
// same in every run whatever came before. Batches without events are never picked.
func rare(mutant string, writes eventcore.Writes, n uint64) bool {
	if len(writes.Events()) == 0 {
		return false
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(mutant))
	_, _ = hash.Write(writes.Events()[0].Event.ID[:])
	return (hash.Sum64()>>32)%n == 0
}

// versionOf reads the version of a stream.
func versionOf(ctx context.Context, store eventcore.Store, id eventcore.StreamID) (eventcore.Version, error) {
	var version eventcore.Version
	for event, err := range store.ReadStream(ctx, id, 0) {
		if err != nil {
			return 0, err
		}
		version = event.Version
	}
	return version, nil
}

// atCurrentVersions returns the batch with the versions that the streams have now in
// place of the expected ones. Streams it only reads are left out.
func atCurrentVersions(ctx context.Context, store eventcore.Store, writes eventcore.Writes) (eventcore.Writes, error) {
	current := make(map[eventcore.StreamID]eventcore.Version)
	for _, p := range written(writes) {
		version, err := versionOf(ctx, store, p.Stream)
		if err != nil {
			return eventcore.Writes{}, err
		}
		current[p.Stream] = version
	}
	return edit(writes, func(p eventcore.Participant) (eventcore.Version, bool) {
		version, ok := current[p.Stream]
		return version, ok
	}, anyEvent)
}

package eventcore

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// EventID identifies an event for ever: a UUID, version 7 where an [IDGenerator]
// of this package makes it. Two events never share an ID.
type EventID = uuid.UUID

// Version is the number of events in a stream: 0 for an empty one. The first
// event of a stream has version 1.
type Version uint64

// Proposed is an event that is not recorded yet.
type Proposed struct {
	// ID is made by the writer, so that it knows its event again after an
	// unknown outcome.
	ID EventID
	// Type is the name that a codec maps to a Go type. It is not empty.
	Type string
	// Data is the payload, one JSON value. A store returns the very same bytes.
	Data json.RawMessage
	// Metadata is one JSON value or empty. A store returns the very same bytes.
	Metadata json.RawMessage
}

// Recorded is an event as a store holds it. Its slices belong to the store: a
// reader may keep them as long as it likes and must not change them.
type Recorded struct {
	ID       EventID
	Stream   StreamID
	Version  Version
	Type     string
	Data     json.RawMessage
	Metadata json.RawMessage
	// RecordedAt is the store's clock at the append, in UTC. It orders nothing:
	// clocks go back and stand still.
	RecordedAt time.Time
	// Position is the event's place in the global order, the zero Position where
	// the store has none.
	Position Position
}

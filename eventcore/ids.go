package eventcore

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/google/uuid"
)

// IDGenerator makes event IDs.
type IDGenerator interface {
	// NewEventID returns an ID that was never returned before, by this or any other
	// generator.
	NewEventID() EventID
}

// randomIDs is the generator that is used where none is given.
type randomIDs struct{}

func (randomIDs) NewEventID() EventID { return uuid.Must(uuid.NewV7()) }

// sequentialIDs makes IDs from a clock and a random source.
type sequentialIDs struct {
	clock  Clock
	random *rand.Rand
	last   uint64 // milliseconds and counter of the last ID
}

// NewIDGenerator returns a generator of version 7 UUIDs whose time is that of clock
// and whose other bits are drawn from random: with both fixed the IDs are too. IDs of
// one generator grow, also while the clock stands still or goes back: 12 bits count
// on (RFC 9562, section 6.2, method 1) and carry into the time. A time before 1970,
// which such a UUID cannot hold, counts as 1970. It is not safe for concurrent use.
func NewIDGenerator(clock Clock, random *rand.Rand) IDGenerator {
	return &sequentialIDs{clock: clock, random: random}
}

// counterBits is the width of the counter, the rand_a field of a version 7 UUID.
const counterBits = 12

// NewEventID implements [IDGenerator].
func (g *sequentialIDs) NewEventID() EventID {
	now := uint64(max(0, g.clock.Now().UnixMilli()))
	g.last = max(now<<counterBits, g.last+1)
	var id EventID
	milli, counter := g.last>>counterBits, g.last&(1<<counterBits-1)
	binary.BigEndian.PutUint64(id[:8], milli<<16|0x7000|counter)
	binary.BigEndian.PutUint64(id[8:], g.random.Uint64()>>2|1<<63)
	return id
}

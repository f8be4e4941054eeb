package eventcore

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Position is a cursor in the global order of one store. It is opaque: keep it,
// compare it with another of the same store, hand it back to
// [AllReader.ReadAll], and read nothing else from it; gaps mean nothing. The zero
// Position lies before the first event. It has 128 bits, so that stores that order
// by a sequence, by transaction and sequence, or by UUID can all express theirs.
type Position struct{ hi, lo uint64 }

// NewPosition is for stores: it makes the position that orders first by hi, then
// by lo.
func NewPosition(hi, lo uint64) Position { return Position{hi, lo} }

// Parts is for stores: it returns what [NewPosition] was given.
func (p Position) Parts() (hi, lo uint64) { return p.hi, p.lo }

// IsZero says whether p lies before every event.
func (p Position) IsZero() bool { return p == Position{} }

// Compare returns -1, 0 or +1 as p lies before, at or after q.
func (p Position) Compare(q Position) int {
	if c := cmp.Compare(p.hi, q.hi); c != 0 {
		return c
	}
	return cmp.Compare(p.lo, q.lo)
}

// String returns "lo", or "hi.lo" where hi is not zero, in decimal.
func (p Position) String() string {
	if p.hi == 0 {
		return strconv.FormatUint(p.lo, 10)
	}
	return strconv.FormatUint(p.hi, 10) + "." + strconv.FormatUint(p.lo, 10)
}

// ParsePosition is the inverse of [Position.String]. It accepts nothing else, so that
// equal positions have equal texts.
func ParsePosition(s string) (Position, error) {
	high, low, both := strings.Cut(s, ".")
	if !both {
		high, low = "0", s
	}
	hi, errHi := strconv.ParseUint(high, 10, 64)
	lo, errLo := strconv.ParseUint(low, 10, 64)
	p := Position{hi, lo}
	if errHi != nil || errLo != nil || p.String() != s {
		return Position{}, fmt.Errorf("eventcore: position %q is not a decimal number or two joined by a dot, as Position.String writes them", s)
	}
	return p, nil
}

// MarshalText implements [encoding.TextMarshaler].
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *Position) UnmarshalText(text []byte) error {
	parsed, err := ParsePosition(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}

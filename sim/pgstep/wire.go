package pgstep

import (
	"encoding/binary"

	"github.com/eventcore-go/eventcore-sim/chaos"
)

// Messages of the protocol begin with a byte that says which one it is and their length,
// which includes itself but not the byte.
const headerLength = 5

// message returns the first message of b, nil if it is not all there or b begins with none.
func message(b []byte) []byte {
	if len(b) < headerLength {
		return nil
	}
	length := binary.BigEndian.Uint32(b[1:headerLength])
	if length < 4 || uint64(length) >= uint64(len(b)) {
		return nil
	}
	return b[:1+length]
}

// requested says how many times the server will say that it is ready when it has carried
// out what is sent, and whether that executes anything: preparing is no request, since
// whether it is needed depends on what the connection was used for before.
func requested(b []byte) (answers int, executes bool) {
	for m := message(b); m != nil; m = message(b) {
		switch m[0] {
		case 'Q':
			answers++
			executes = true
		case 'E':
			executes = true
		case 'S':
			answers++
		}
		b = b[len(m):]
	}
	return answers, executes
}

// endsCopy says whether what is sent is the end of what is to be copied, or that there is none.
func endsCopy(b []byte) bool {
	m := message(b)
	return m != nil && (m[0] == 'c' || m[0] == 'f')
}

// answer is what the server has answered so far.
type answer struct {
	bytes []byte
	// seen is the number of bytes that were looked at, ready how often the server has said
	// that it is ready for more, asked how often it has asked for rows.
	seen, ready, asked int
	// malformed: the bytes are not those of the protocol.
	malformed bool
}

// add adds what has arrived.
func (a *answer) add(b []byte) {
	a.bytes = append(a.bytes, b...)
	for {
		rest := a.bytes[a.seen:]
		m := message(rest)
		if m == nil {
			a.malformed = len(rest) >= headerLength && binary.BigEndian.Uint32(rest[1:headerLength]) < 4
			return
		}
		a.seen += len(m)
		switch m[0] {
		case 'Z':
			a.ready++
		case 'G':
			a.asked++
		}
	}
}

// answerOf reads until an answer is whole, or no more of it can be read.
func answerOf(read func(b []byte) (int, error), whole func(a *answer) bool) (a answer) {
	b := make([]byte, 8<<10)
	for !a.malformed && !whole(&a) {
		n, err := read(b)
		a.add(b[:n])
		if err != nil {
			break
		}
	}
	return a
}

// left returns what a fault that cuts the answer leaves of it.
func (a *answer) left(fault *chaos.RequestFault) []byte {
	if fault.Kind != chaos.NetCutResult {
		return nil
	}
	return a.until(fault.After)
}

// until returns the answer up to the row behind so many, or to where a statement ends.
func (a *answer) until(rows int) []byte {
	at := 0
	for m := message(a.bytes); m != nil; m = message(a.bytes[at:]) {
		switch m[0] {
		case 'D':
			if rows == 0 {
				return a.bytes[:at]
			}
			rows--
		case 'C', 'I', 's', 'Z':
			return a.bytes[:at]
		}
		at += len(m)
	}
	return a.bytes[:at]
}

package pgstep

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// inNone is how the server says that it is outside of a transaction.
const inNone = 'I'

// link is a connection to the server that knows whether its session is in the middle of anything.
type link struct {
	net.Conn
	// kind says which sessions are alike: the address, and whatever else decides how one begins.
	kind string
	// pid is the server's process, where nobody has the session.
	pid uint32

	mu sync.Mutex
	// begun is what the session was asked for with, "" before; greeting is how the server answered.
	begun    string
	greeting []byte
	// recycled: it was given to another client, which is yet to ask for a session. replay is what
	// that one is still to be told.
	recycled bool
	replay   []byte
	// sent counts the requests that the server answers by saying that it is ready, ready how often it has
	// said so, and status is what it said last of a transaction. open: more has been sent that
	// belongs to a request which is not complete.
	sent, ready int
	status      byte
	open        bool
	out, in     framing
	// reading counts the reads under way.
	reading int
	// marred: no other client may have the session. gone: another one has it, or the server has ended it.
	marred, gone bool
}

var errOtherSession = errors.New("pgstep: a session is asked for that is not the one of the configuration")

// mar keeps the session from being given to another client.
func (l *link) mar() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.marred = true
}

// idle says whether the server has nothing left to do or to say. Its caller holds the mutex.
func (l *link) idle() bool {
	return !l.marred && !l.gone && l.begun != "" && l.sent == l.ready && !l.open && l.reading == 0 &&
		len(l.replay) == 0 && !l.recycled && l.in.between() && l.out.between()
}

// letGo takes the session away from its client, if the server is idle, and says in what state it is.
func (l *link) letGo() (status byte, idle bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.idle() {
		return 0, false
	}
	l.gone = true
	return l.status, true
}

// Write implements [net.Conn].
func (l *link) Write(b []byte) (int, error) {
	l.mu.Lock()
	if l.gone {
		l.mu.Unlock()
		return 0, net.ErrClosed
	}
	if l.recycled {
		defer l.mu.Unlock()
		if begun, ok := startup(b); !ok || begun != l.begun {
			return 0, errOtherSession
		}
		l.recycled, l.replay = false, l.greeting
		l.sent, l.ready, l.status = 1, 1, inNone
		return len(b), nil
	}
	if isTerminate(b) && l.idle() {
		// The end of the session is up to whoever closes it.
		l.mu.Unlock()
		return len(b), nil
	}
	l.note(b)
	l.mu.Unlock()
	return l.Conn.Write(b)
}

// note notes what is sent.
func (l *link) note(b []byte) {
	switch {
	case l.marred:
	case l.begun == "":
		begun, ok := startup(b)
		if !ok {
			l.marred = true // encrypted, or to cancel a statement
			return
		}
		l.begun, l.sent = begun, 1
	default:
		l.out.add(b, func(kind, _ byte) {
			switch kind {
			case 'Q', 'S':
				l.sent++
				l.open = false
			case 'P', 'B', 'D', 'E', 'C', 'H', 'F':
				l.open = true
			case 'p', 'X':
				l.marred = true
			}
		})
		l.marred = l.marred || l.out.broken
	}
}

// Read implements [net.Conn].
func (l *link) Read(b []byte) (int, error) {
	l.mu.Lock()
	switch {
	case l.gone:
		l.mu.Unlock()
		return 0, net.ErrClosed
	case len(l.replay) > 0:
		defer l.mu.Unlock()
		n := copy(b, l.replay)
		l.replay = l.replay[n:]
		return n, nil
	}
	l.reading++
	l.mu.Unlock()
	n, err := l.Conn.Read(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reading--
	l.heard(b[:n])
	return n, err
}

// heard notes what has arrived.
func (l *link) heard(b []byte) {
	if l.marred {
		return
	}
	greeted := l.ready > 0
	l.in.add(b, func(kind, first byte) {
		if kind == 'Z' {
			l.ready++
			l.status = first
		}
	})
	if !greeted {
		l.greeting = append(l.greeting, b...)
		l.marred = l.ready > 0 && !admits(l.greeting)
	}
	l.marred = l.marred || l.in.broken
}

// Close implements [net.Conn].
func (l *link) Close() error {
	l.mu.Lock()
	gone := l.gone
	l.gone = true
	l.mu.Unlock()
	if gone {
		return nil
	}
	return l.Conn.Close()
}

// startup returns what a session is asked for with, in a form to compare.
func startup(b []byte) (text string, ok bool) {
	var asked pgproto3.StartupMessage
	const length = 4
	if len(b) < length || uint64(binary.BigEndian.Uint32(b)) != uint64(len(b)) || asked.Decode(b[length:]) != nil {
		return "", false
	}
	return fmt.Sprintf("%d %s", asked.ProtocolVersion, settings(asked.Parameters)), true
}

// settings returns settings in a form to compare.
func settings(of map[string]string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(of)) {
		fmt.Fprintf(&text, "%q=%q ", name, of[name])
	}
	return text.String()
}

// admits says whether the server's first words let the client in without asking for anything.
func admits(greeting []byte) bool {
	return bytes.HasPrefix(greeting, []byte{'R', 0, 0, 0, 8, 0, 0, 0, 0})
}

// isTerminate says whether the client takes its leave.
func isTerminate(b []byte) bool { return bytes.Equal(b, []byte{'X', 0, 0, 0, 4}) }

// appendQuery appends a statement as the simple protocol has it.
func appendQuery(b []byte, sql string) []byte {
	b = append(b, 'Q')
	b = binary.BigEndian.AppendUint32(b, uint32(4+len(sql)+1)) //nolint:gosec // it is short
	return append(append(b, sql...), 0)
}

// framing finds the messages in what goes one way.
type framing struct {
	header [headerLength]byte
	// have is how much of the header is there, left how much of the rest is not; first is the
	// first byte of the rest.
	have, left int
	begun      bool
	first      byte
	// broken: this is not the protocol.
	broken bool
}

// between says whether no message is under way.
func (f *framing) between() bool { return f.have == 0 }

// add calls each with the kind of each message that ends in b, and the first byte of its body.
func (f *framing) add(b []byte, each func(kind, first byte)) {
	for len(b) > 0 && !f.broken {
		if f.have < headerLength {
			n := copy(f.header[f.have:], b)
			f.have, b = f.have+n, b[n:]
			if f.have < headerLength {
				return
			}
			f.left, f.begun, f.first = int(binary.BigEndian.Uint32(f.header[1:]))-(headerLength-1), false, 0
			f.broken = f.left < 0
		} else {
			if !f.begun {
				f.begun, f.first = true, b[0]
			}
			n := min(len(b), f.left)
			f.left, b = f.left-n, b[n:]
		}
		if f.left == 0 {
			f.have = 0
			each(f.header[0], f.first)
		}
	}
}

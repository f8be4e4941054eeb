package chaos

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Fault is a single fault on a single call. As text it is
//
//	kind@cCLIENT.CALL+AFTER~DELAY
//
// without +AFTER where that is 0 and without ~DELAY for kinds that take no time.
// A fault whose kind cannot hit the call it names, such as a decode error on an
// append, does not fire.
type Fault struct {
	Kind Kind
	// Client and Call name the store call: Call is counted from 0 for each client
	// over its appends and its started iterations of reads. Of a kind that hits requests
	// ([Kind.OnRequest]) it is the number of the request, counted from 0 for each client, and
	// of one that hits the disk ([Kind.OnDisk]) the number of the operation there.
	Client, Call int
	// After is the number of events that a read yields before the fault; of a [Cancel] in
	// an append it is the point at which the store is interrupted, counted from 1, 0 before the
	// call. It is 0 for kinds that are not streamed.
	After int
	// Delay is the time that a delay takes, at most [MaxDelay]; 0 for other kinds.
	Delay time.Duration
}

const (
	// DefaultDelay is the time of a delay for which none is given. It is as long as
	// a few back-offs of a retried command, so that others overtake.
	DefaultDelay = 2 * time.Millisecond
	// MaxDelay is the longest time a delay can have.
	MaxDelay = 24 * time.Hour
)

// String returns the fault as text.
func (f Fault) String() string {
	// Each fault that fires is written down: package fmt would take most of the time of that.
	b := make([]byte, 0, 64)
	b = append(append(b, f.Kind.String()...), "@c"...)
	b = strconv.AppendInt(b, int64(f.Client), 10)
	b = strconv.AppendInt(append(b, '.'), int64(f.Call), 10)
	if f.After != 0 {
		b = strconv.AppendInt(append(b, '+'), int64(f.After), 10)
	}
	if f.Delay != 0 {
		b = append(append(b, '~'), f.Delay.String()...)
	}
	return string(b)
}

// Validate returns an error that says what is wrong with the fault and what is
// allowed.
func (f Fault) Validate() error {
	switch {
	case !f.Kind.valid():
		return fmt.Errorf("chaos: fault %s: %s is not a kind of fault; the kinds are %s", f, f.Kind, kinds(Kind.valid))
	case f.Client < 0 || f.Call < 0:
		return fmt.Errorf("chaos: fault %s: client and call are counted from 0", f)
	case f.After < 0:
		return fmt.Errorf("chaos: fault %s: the number of events after + is %d; it is 0 or more", f, f.After)
	case f.After > 0 && !f.Kind.streamed():
		return fmt.Errorf("chaos: fault %s: %s does not happen after a number of events; leave out +%d (those with one are %s)",
			f, f.Kind, f.After, kinds(Kind.streamed))
	}
	if err := checkDelay(f.Kind, f.Delay); err != nil {
		return fmt.Errorf("chaos: fault %s: %w", f, err)
	}
	return nil
}

func checkDelay(kind Kind, d time.Duration) error {
	switch {
	case !kind.timed() && d != 0:
		return fmt.Errorf("%s takes no time; leave out ~%s (those that do are %s)", kind, d, kinds(Kind.timed))
	case kind.timed() && (d <= 0 || d > MaxDelay):
		return fmt.Errorf("a delay of %s is not allowed; it is above 0 and at most %s", d, MaxDelay)
	}
	return nil
}

// ParseFault is the inverse of [Fault.String]. A delay without a time gets
// [DefaultDelay].
func ParseFault(text string) (Fault, error) {
	fault, err := parseFault(text)
	if err != nil {
		return Fault{}, fmt.Errorf("chaos: fault %q: %w", text, err)
	}
	return fault, fault.Validate()
}

func parseFault(text string) (Fault, error) {
	text, delay, hasDelay := strings.Cut(text, "~")
	name, place, hasPlace := strings.Cut(text, "@")
	if !hasPlace {
		return Fault{}, errors.New("no call is named; write kind@cCLIENT.CALL, such as fail-after@c0.3")
	}
	kind, err := ParseKind(name)
	if err != nil {
		return Fault{}, err
	}
	fault := Fault{Kind: kind}
	if fault.Delay, err = parseDelay(kind, delay, hasDelay); err != nil {
		return Fault{}, err
	}
	place, after, hasAfter := strings.Cut(place, "+")
	client, call, hasCall := strings.Cut(place, ".")
	number, hasC := strings.CutPrefix(client, "c")
	if !hasCall || !hasC {
		return Fault{}, fmt.Errorf("%q does not name a call; write cCLIENT.CALL, such as c0.3", place)
	}
	if fault.Client, err = parseCount("client", number); err != nil {
		return Fault{}, err
	}
	if fault.Call, err = parseCount("call", call); err != nil {
		return Fault{}, err
	}
	if hasAfter {
		fault.After, err = parseCount("number of events", after)
	}
	return fault, err
}

// parseCount refuses signs, which [strconv.Atoi] takes, so that a number has one
// spelling less.
func parseCount(what, s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("the %s is %q; it is a whole number from 0 to 2147483647", what, s)
	}
	return int(n), nil
}

// parseDelay reads what follows ~; a time that is given must not be zero, which
// would read as not given.
func parseDelay(kind Kind, text string, given bool) (time.Duration, error) {
	if !given {
		if kind.timed() {
			return DefaultDelay, nil
		}
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("the time after ~ is %q; it is a positive duration such as 15ms", text)
	}
	return d, nil
}

// MarshalText implements [encoding.TextMarshaler].
func (f Fault) MarshalText() ([]byte, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	return []byte(f.String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler] with the rules of [ParseFault].
func (f *Fault) UnmarshalText(text []byte) error {
	parsed, err := ParseFault(string(text))
	if err != nil {
		return err
	}
	*f = parsed
	return nil
}

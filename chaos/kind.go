package chaos

import (
	"fmt"
	"iter"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Kind is a kind of fault. Its text is the name used in plans. The zero value is no
// kind.
type Kind uint8

// The kinds of faults, in the order in which rates are tried: those that act later
// in a call come later, so that a fault does not take from one that was tried before
// it the occasion to fire. A draw is keyed by the number: a change of the order
// makes old seeds mean other faults.
const (
	FailBefore Kind = iota + 1
	LostRequest
	FailAfter
	Conflict
	Delay
	DecodeError
	FailRead
	Cancel
	DelayAfter

	// What follows hits requests to a server instead of store calls; see [RequestKinds].

	NetCutBefore
	NetCutRequest
	NetCutAfter
	NetCutResult
	NetDelay
	NetHalfOpen
	EndSession

	// What follows hits the operations of a store's disk; see [DiskKinds].

	DiskEIORead
	DiskEIOWrite
	DiskENOSPC
	DiskFsync

	// NetRefused is one more that hits requests to a server: the connection that one needs.
	NetRefused

	kindEnd // one past the last kind
)

// KindInfo describes a kind of fault.
type KindInfo struct {
	Kind Kind
	// Doc is a sentence that says what the kind stands for in real life.
	Doc string
	// Operations are the calls it can hit.
	Operations []eventcore.Operation
	// Streamed says that it hits a read after a number of events ([Fault.After]), or takes
	// another number, which Doc then tells.
	Streamed bool
	// Timed says that it takes a time ([Fault.Delay]).
	Timed bool
}

// Kinds returns all kinds of faults that hit store calls, in a fixed order.
func Kinds() []KindInfo {
	infos := make([]KindInfo, 0, kindEnd-FailBefore)
	for _, b := range behaviours() {
		if b.info.Kind.OnCall() {
			infos = append(infos, b.info)
		}
	}
	return infos
}

// Every yields every kind, in the order of the numbers.
func Every() iter.Seq[Kind] {
	return func(yield func(Kind) bool) {
		for k := FailBefore; k < kindEnd && yield(k); k++ {
		}
	}
}

// OnRequest says that the kind hits the requests that a store sends to its server for a
// client, in place of the client's calls of the store.
func (k Kind) OnRequest() bool { return k >= NetCutBefore && k <= EndSession || k == NetRefused }

// OnDisk says that the kind hits the operations that a store does on its disk for a client,
// in place of the client's calls of the store.
func (k Kind) OnDisk() bool { return k >= DiskEIORead && k <= DiskFsync }

// OnCall says that the kind hits the calls of the store.
func (k Kind) OnCall() bool { return k.valid() && k < NetCutBefore }

// String returns the name of the kind.
func (k Kind) String() string {
	switch k {
	case FailBefore:
		return "fail-before"
	case LostRequest:
		return "lost-request"
	case FailAfter:
		return "fail-after"
	case Conflict:
		return "conflict"
	case Delay:
		return "delay"
	case DecodeError:
		return "decode-error"
	case FailRead:
		return "fail-read"
	case Cancel:
		return "cancel"
	case DelayAfter:
		return "delay-after"
	case NetCutBefore:
		return "net-cut-before"
	case NetCutRequest:
		return "net-cut-request"
	case NetCutAfter:
		return "net-cut-after"
	case NetCutResult:
		return "net-cut-result"
	case NetDelay:
		return "net-delay"
	case NetHalfOpen:
		return "net-half-open"
	case EndSession:
		return "end-session"
	case DiskEIORead:
		return "disk-eio-read"
	case DiskEIOWrite:
		return "disk-eio-write"
	case DiskENOSPC:
		return "disk-enospc"
	case DiskFsync:
		return "disk-fsync"
	case NetRefused:
		return "net-refused"
	default:
		return fmt.Sprintf("kind-%d", uint8(k))
	}
}

// ParseKind is the inverse of [Kind.String]. Its error names the known kinds.
func ParseKind(s string) (Kind, error) {
	for k := range Every() {
		if k.String() == s {
			return k, nil
		}
	}
	return 0, fmt.Errorf("no kind of fault is named %q; the kinds are %s", s, kinds(Kind.valid))
}

// kinds returns the names of the kinds that are so.
func kinds(are func(Kind) bool) string {
	var names []string
	for k := range Every() {
		if are(k) {
			names = append(names, k.String())
		}
	}
	return strings.Join(names, ", ")
}

// MarshalText implements [encoding.TextMarshaler].
func (k Kind) MarshalText() ([]byte, error) {
	if !k.valid() {
		return nil, fmt.Errorf("chaos: %s is not a kind of fault", k)
	}
	return []byte(k.String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (k *Kind) UnmarshalText(text []byte) error {
	parsed, err := ParseKind(string(text))
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	*k = parsed
	return nil
}

func (k Kind) valid() bool { return k >= FailBefore && k < kindEnd }

// streamed and timed tell what [KindInfo] tells, without building it.
func (k Kind) streamed() bool {
	return k == DecodeError || k == FailRead || k == Cancel || k == NetCutResult || k == NetHalfOpen || k == NetRefused
}

func (k Kind) timed() bool {
	return k == Delay || k == DelayAfter || k == NetDelay || k == NetHalfOpen
}

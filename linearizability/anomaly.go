package linearizability

import "fmt"

// Anomaly is one thing that no correct store does.
type Anomaly struct {
	// Name is one of the names below.
	Name string
	// Message is one sentence with the streams, versions and clients involved.
	Message string
	// Operations are indices into History.Operations: those that prove it.
	Operations []int
}

// The names of anomalies.
const (
	LostAppend        = "lost append"
	AbortedAppendSeen = "aborted append seen"
	TornAppend        = "torn append"
	DuplicateEvent    = "duplicate event"
	PhantomEvent      = "phantom event"
	ReorderedAppend   = "reordered append"
	WrongStream       = "event in the wrong stream"
	WrongResult       = "wrong append result"
	LostUpdate        = "lost update"
	FalseConflict     = "false conflict"
	StaleRead         = "stale read"
	FutureRead        = "read from the future"
	NonPrefixRead     = "non-prefix read"
	IncompatibleOrder = "incompatible order"
	RealTimeInversion = "real-time inversion"
	UncheckedStream   = "unchecked participant"
	CursorSkip        = "cursor skip"
	BrokenGlobalOrder = "broken global order"
	NotLinearizable   = "not linearizable"
)

// findings collects anomalies, a few of each name: a store that is wrong once is
// often wrong a thousand times.
type findings struct {
	all    []Anomaly
	counts map[string]int
}

// maxEach is the number of anomalies of one name that are kept.
const maxEach = 3

// total returns how many anomalies were found, kept or not.
func (f *findings) total() int {
	n := 0
	for _, count := range f.counts {
		n += count
	}
	return n
}

func (f *findings) add(name string, ops []int, format string, args ...any) {
	if f.counts == nil {
		f.counts = make(map[string]int)
	}
	f.counts[name]++
	if f.counts[name] <= maxEach {
		f.all = append(f.all, Anomaly{name, fmt.Sprintf(format, args...), ops})
	}
}

package certify

// Level says how much of a backend was proven. Each level contains the ones before it.
type Level string

// The levels, in the order in which they are reached.
const (
	// NoLevel: not even the first one was reached.
	NoLevel Level = "none"
	// Sequential: one caller at a time gets what the contract says.
	Sequential Level = "sequential"
	// Concurrent: so do many at once, in every order of their steps that was tried.
	Concurrent Level = "concurrent"
	// FaultTolerant: so do they while calls fail, in part with an unknown outcome.
	FaultTolerant Level = "fault-tolerant"
	// Durable: what was acknowledged outlives the process, and crashes of it at any step.
	Durable Level = "durable"
)

// Levels lists the levels in the order in which they are reached.
func Levels() []Level { return []Level{Sequential, Concurrent, FaultTolerant, Durable} }

// Meaning says in a few words what a level proves.
func (l Level) Meaning() string {
	switch l {
	case Sequential:
		return "one caller at a time gets what the contract says"
	case Concurrent:
		return "many callers at once get what the contract says, under each scheduler"
	case FaultTolerant:
		return "many callers get what the contract says while calls fail, be the outcome known or not"
	case Durable:
		return "what was acknowledged outlives the process and its crashes"
	default:
		return "not even the first level was reached"
	}
}

// Ability is a part of the contract that a store may do without: an optional interface, or
// something that certify.Without leaves out. A level is judged without the requirements of
// abilities that were not certified; the certificate lists them beside it. A requirement of
// an ability that failed is in the way of its level all the same.
type Ability string

// The abilities.
const (
	MultiStream  Ability = "multi-stream appends"
	ReadOnly     Ability = "read-only participants"
	GlobalOrder  Ability = "global order"
	Projections  Ability = "projections"
	Leadership   Ability = "leadership"
	Snapshots    Ability = "snapshots"
	SecondHandle Ability = "two handles"
	Resources    Ability = "counted resources"
	Reproducible Ability = "reproducible runs"
	Network      Ability = "network faults"
	Checksums    Ability = "checksums"
)

// declarable says whether the ability is one for [Without].
func (a Ability) declarable() bool { return a == MultiStream || a == ReadOnly }

// declaration is the option that declares the ability missing. A store whose appends take one
// stream has no read-only participants either.
func (a Ability) declaration() string {
	if a == ReadOnly {
		return "certify.Without(certify.ReadOnly)"
	}
	return "certify.Without(certify.MultiStream, certify.ReadOnly)"
}

// Abilities lists all abilities.
func Abilities() []Ability {
	return []Ability{MultiStream, ReadOnly, GlobalOrder, Projections, Leadership, Snapshots, SecondHandle, Resources, Reproducible, Network, Checksums}
}

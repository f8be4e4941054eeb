package scenarios

import "github.com/eventcore-go/eventcore-sim/eventcore"

// ProjectionLog is what a projection did, in order. It is kept by who made the calls,
// above all faults, so that an answer that was lost is not in it.
type ProjectionLog struct {
	Subscription string
	Acts         []ProjectionAct
	// Died says that it was ended by its program: its process died or its projector
	// panicked.
	Died bool
}

// ProjectionAct is one thing that a projection did.
type ProjectionAct struct {
	Kind ActKind
	// Call and Return are logical times. They are equal for what takes none. Return is the
	// greatest time there is for a call that did not come back.
	Call, Return int64
	// Event is the event that was applied or skipped.
	Event eventcore.EventID
	// At is the position that was loaded or was to be saved, Now the one at which the
	// checkpoint is behind a save.
	At, Now eventcore.Position
	// Lease tells the leases of a projection apart, from 1, Token is that of the lease.
	Lease int
	Token uint64
	// Err is what the call returned, or why the event was skipped; of a call that did not come
	// back, that it did not.
	Err error
}

// ActKind is what a projection did.
type ActKind uint8

// The kinds of acts.
const (
	// ActLoaded: it loaded its checkpoint.
	ActLoaded ActKind = iota + 1
	// ActSaved: it saved its checkpoint.
	ActSaved
	// ActApplied: an event took effect.
	ActApplied
	// ActSkipped: it reported that an event is left out.
	ActSkipped
	// ActAcquired: it tried to become the leader.
	ActAcquired
	// ActChecked: it asked whether it leads.
	ActChecked
	// ActReleased: it gave its lease up, or that was taken from it.
	ActReleased
	// ActLost: its lease was taken from it before that, and it was not told.
	ActLost
)

// String returns the kind in one word.
func (k ActKind) String() string {
	names := [...]string{"nothing", "loaded", "saved", "applied", "skipped", "acquired", "checked", "released", "lost"}
	if int(k) < len(names) {
		return names[k]
	}
	return names[0]
}

// projections calls check with each projection, in the order in which they ended, until it
// returns an error.
func (f *Final) projections(check func(r *Result, log *ProjectionLog) error) error {
	for i := range f.Results {
		if r := &f.Results[i]; r.Projection != nil {
			if err := check(r, r.Projection); err != nil {
				return err
			}
		}
	}
	return nil
}

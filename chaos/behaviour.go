package chaos

import (
	"context"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// behaviour is what a kind of fault does. It is asked only for calls that were
// chosen; it calls strike.fire at the moment of the injection, and makes the call
// as usual if that returns false.
type behaviour struct {
	info KindInfo
	// append carries out an append; nil for kinds that do not hit appends.
	append func(ctx context.Context, s *strike, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error)
	// read carries out a read; nil for kinds that do not hit reads.
	read func(ctx context.Context, s *strike, r *reading, yield pushread.Consumer)
	// state carries out a call of a checkpoint, a lease or a snapshot; nil for kinds that do
	// not hit those.
	state func(ctx context.Context, s *strike, do func(ctx context.Context) error) error
	// within says of a read that has ended whether a fault after that many events
	// would have fired; nil for kinds that do not depend on it.
	within func(after int, r *reading) bool
	// passing says that in an append it needs as many points to be passed.
	passing bool
}

// behaviours returns the behaviour of each kind at its index.
func behaviours() [kindEnd]behaviour {
	all := [kindEnd]behaviour{
		FailBefore:  failBefore(),
		LostRequest: lostRequest(),
		FailAfter:   failAfter(),
		Conflict:    conflict(),
		Delay:       delay(),
		DecodeError: decodeError(),
		FailRead:    failRead(),
		Cancel:      cancel(),
		DelayAfter:  delayAfter(),
	}
	for _, info := range slices.Concat(RequestKinds(), DiskKinds()) {
		all[info.Kind].info = info
	}
	return all
}

// onAppends, onReads and onAll return the operations that a kind can hit.
func onAppends() []eventcore.Operation { return []eventcore.Operation{eventcore.OpAppend} }

func onReads() []eventcore.Operation {
	return []eventcore.Operation{eventcore.OpReadStream, eventcore.OpReadAll}
}

func onStates() []eventcore.Operation {
	return []eventcore.Operation{
		eventcore.OpLoadCheckpoint, eventcore.OpSaveCheckpoint,
		eventcore.OpAcquire, eventcore.OpCheckLease, eventcore.OpReleaseLease,
		eventcore.OpLoadSnapshot, eventcore.OpSaveSnapshot,
	}
}

func onAll() []eventcore.Operation { return slices.Concat(onAppends(), onReads(), onStates()) }

// strike is a fault on its way to a call.
type strike struct {
	call  call
	fault Fault
	// named says that the plan names the fault, rather than a rate; rate is that one.
	named bool
	rate  float64
}

// fire counts the fault and reports it, or returns false where the injector was
// healed since the call began.
func (s *strike) fire(ctx context.Context) bool {
	client := s.call.client
	if client.in.healed.Load() {
		return false
	}
	t := &client.tallies[s.fault.Kind]
	t.fired++
	if s.named {
		t.named++
		client.count(s.call.op, 1, 1)
	} else {
		t.tried++
		client.count(s.call.op, 1, s.rate)
	}
	client.in.note(ctx, s.fault)
	return true
}

// failure returns the store failure that the fault is.
func (s *strike) failure(outcome eventcore.Outcome) error {
	return failure(s.fault.Kind, s.call.op, outcome)
}

// sleep waits out the fault's delay. A context that ends meanwhile is left for the
// store to see: the wrapper does not invent what a store makes of it.
func (s *strike) sleep(ctx context.Context) {
	_ = s.call.client.in.config.Clock.Sleep(ctx, s.fault.Delay)
}

package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

func checkOutsideLock() Mutant {
	return Mutant{
		Name:  "check-outside-lock",
		Doc:   "Versions are checked first and the batch written later, at whatever versions the streams have by then.",
		Layer: Backend,
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{append: appendAfterCheck})
		},
	}
}

func appendAfterCheck(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	for _, p := range writes.Participants() {
		version, err := versionOf(ctx, inner, p.Stream)
		if err != nil {
			return eventcore.Appended{}, notApplied(err)
		}
		if version != p.Expected {
			return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: version}
		}
	}
	yield.Point(ctx, "mutant: between check and write")
	// The store below insists on versions; a conflict there only means that they
	// moved once more.
	for {
		edited, err := atCurrentVersions(ctx, inner, writes)
		if err != nil {
			return eventcore.Appended{}, notApplied(err)
		}
		result, err := inner.Append(ctx, edited)
		if _, moved := asConflict(err); !moved {
			return result, err
		}
	}
}

// notApplied reports the error of a read that an append needed.
func notApplied(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
}

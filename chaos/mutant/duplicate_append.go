package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// duplicateAppend is a client library that retries on its own what may have been
// applied. It reads the new versions so that the retry succeeds.
func duplicateAppend() Mutant {
	return Mutant{
		Name:        "duplicate-append",
		Doc:         "After an unknown outcome the same events are appended once more, at whatever versions the streams have by then.",
		Layer:       Client,
		NeedsFaults: []string{"fail-after", "lost-request"},
		Wrap: func(inner eventcore.Store) eventcore.Store {
			return plant(inner, bug{append: appendAgain})
		},
	}
}

func appendAgain(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	result, err := inner.Append(ctx, writes)
	if eventcore.OutcomeOf(err) != eventcore.OutcomeUnknown {
		return result, err
	}
	again, failed := atCurrentVersions(ctx, inner, writes)
	if failed != nil {
		return result, err
	}
	return inner.Append(ctx, again)
}

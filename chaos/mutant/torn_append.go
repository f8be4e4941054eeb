package mutant

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// tornAppend is what a store does that has one transaction a stream. The first
// part checks all participants, so that alone it does nothing wrong.
func tornAppend() Mutant {
	return Mutant{
		Name:  "torn-append",
		Doc:   "A batch over several streams is applied one stream at a time.",
		Layer: Backend,
		Wrap:  func(inner eventcore.Store) eventcore.Store { return plant(inner, bug{append: appendTorn}) },
	}
}

func appendTorn(ctx context.Context, inner eventcore.Store, writes eventcore.Writes) (eventcore.Appended, error) {
	streams := written(writes)
	if len(streams) < 2 {
		return inner.Append(ctx, writes)
	}
	var whole eventcore.Appended
	for i, stream := range streams {
		first := i == 0
		part, err := edit(writes, func(p eventcore.Participant) (eventcore.Version, bool) {
			return p.Expected, first || p.Stream == stream.Stream
		}, func(to eventcore.Participant) bool { return to.Stream == stream.Stream })
		if err != nil {
			return eventcore.Appended{}, err
		}
		if !first {
			yield.Point(ctx, "mutant: between two parts of a batch")
		}
		result, err := inner.Append(ctx, part)
		if err != nil {
			return eventcore.Appended{}, err
		}
		whole.Streams = append(whole.Streams, result.Streams...)
		whole.Last = result.Last
	}
	return whole, nil
}

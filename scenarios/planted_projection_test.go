package scenarios_test

import (
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// acts returns the acts of the n-th projection, from 0, that has at least least acts of the
// kind, and where these are.
func (b *bench) acts(n int, kind scenarios.ActKind, least int) (log *scenarios.ProjectionLog, at []int) {
	b.t.Helper()
	for i := range b.Results {
		log := b.Results[i].Projection
		if log == nil {
			continue
		}
		var at []int
		for i := range log.Acts {
			if log.Acts[i].Kind == kind && (log.Acts[i].Err == nil || kind == scenarios.ActSkipped) {
				at = append(at, i)
			}
		}
		if len(at) < least {
			continue
		}
		if n == 0 {
			return log, at
		}
		n--
	}
	require.FailNow(b.t, "the run has too few projections with acts: "+kind.String())
	return nil, nil
}

func plantedInProjections() []planted {
	return []planted{
		{"projection", "projected in order", "was left out", func(b *bench) {
			log, at := b.acts(0, scenarios.ActApplied, 3)
			log.Acts = slices.Delete(log.Acts, at[1], at[1]+1)
		}},
		{"projection", "projected in order", "was passed already", func(b *bench) {
			log, at := b.acts(0, scenarios.ActApplied, 3)
			log.Acts[at[2]].Event = log.Acts[at[1]].Event
		}},
		{"projection", "projected in order", "no such event", func(b *bench) {
			log, at := b.acts(0, scenarios.ActApplied, 1)
			log.Acts[at[0]].Event[0]++
		}},
		{"projection", "projected in order", "when it has passed", func(b *bench) {
			log, at := b.acts(0, scenarios.ActSaved, 2)
			log.Acts[at[0]].At = b.Global[len(b.Global)-1].Position
		}},
		{"projection", "poison not applied", "was applied", func(b *bench) {
			log, at := b.acts(0, scenarios.ActSkipped, 1)
			log.Acts[at[0]].Kind = scenarios.ActApplied
			log.Acts[at[0]].Err = nil
		}},
		{"projection", "poison not applied", "was skipped", func(b *bench) {
			log, at := b.acts(0, scenarios.ActApplied, 1)
			log.Acts[at[0]].Kind = scenarios.ActSkipped
		}},
		{"projection", "checkpoints", "after it was at", func(b *bench) {
			// One who loads what was there before another one saved.
			log, at := b.acts(0, scenarios.ActSaved, 2)
			last := log.Acts[at[1]].Return
			log.Acts = append(log.Acts, scenarios.ProjectionAct{
				Kind: scenarios.ActLoaded, Call: last + 1, Return: last + 1, At: log.Acts[at[0]].Now,
			})
		}},
		{"projection", "checkpoints", "which nobody has saved", func(b *bench) {
			log, at := b.acts(0, scenarios.ActLoaded, 1)
			log.Acts[at[0]].At = eventcore.NewPosition(0, 1000)
		}},
		{"projection", "checkpoints", "is told that the checkpoint is at", func(b *bench) {
			log, at := b.acts(0, scenarios.ActSaved, 1)
			log.Acts[at[0]].Now = eventcore.Position{}
		}},
		{"projection", "nothing skipped", "was never applied nor reported before", func(b *bench) {
			log, at := b.acts(0, scenarios.ActLoaded, 1)
			log.Acts[at[0]].At = b.Global[len(b.Global)-1].Position
		}},
	}
}

func plantedInLeaderships() []planted {
	return []planted{
		{"leadership", "one leader", "has not given up yet", func(b *bench) {
			log, at := b.acts(0, scenarios.ActReleased, 1)
			log.Acts = slices.Delete(log.Acts, at[0], len(log.Acts))
		}},
		{"leadership", "tokens grow", "was given token", func(b *bench) {
			log, at := b.acts(1, scenarios.ActAcquired, 1)
			log.Acts[at[0]].Token = 0
		}},
		{"leadership", "lost is lost", "the check says that it is held", func(b *bench) {
			log, at := b.acts(0, scenarios.ActReleased, 1)
			late := log.Acts[at[0]]
			late.Kind, late.Call, late.Return = scenarios.ActChecked, late.Return+1, late.Return+1
			log.Acts = append(log.Acts, late)
		}},
		{"leadership", "lost is lost", "nobody has taken it", func(b *bench) {
			log, at := b.acts(0, scenarios.ActChecked, 1)
			log.Acts[at[0]].Err = eventcore.ErrLeaseLost
		}},
		{"leadership", "lost is lost", "leads with token", func(b *bench) {
			// Its session was lost, it believes that it leads, and so does the next one, rightly.
			log, at := b.acts(0, scenarios.ActReleased, 1)
			late := log.Acts[at[0]]
			log.Acts = log.Acts[:at[0]]
			of := slices.IndexFunc(b.Results, func(r scenarios.Result) bool { return r.Projection == log })
			b.Lost = append(b.Lost, scenarios.LostSession{Client: b.Results[of].Client, From: late.Call, To: late.Return})
			other, first := b.acts(1, scenarios.ActAcquired, 1)
			given := other.Acts[first[0]].Return
			late.Kind, late.Call, late.Return = scenarios.ActChecked, given+1, given+1
			log.Acts = append(log.Acts, late)
		}},
		{"leadership", "free is free", "nobody does", func(b *bench) {
			log, at := b.acts(0, scenarios.ActReleased, 1)
			end := log.Acts[at[0]].Return
			other, first := b.acts(1, scenarios.ActAcquired, 1)
			act := &other.Acts[first[0]]
			act.Err, act.Call, act.Return = eventcore.ErrLeaseHeld, end+1, end+1
			other.Acts = other.Acts[:first[0]+1]
		}},
	}
}

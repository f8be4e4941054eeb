package yield_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

type task struct{ points []string }

func (t *task) Yield(name string) { t.points = append(t.points, name) }

func (t *task) Wait(name string, ready func() bool) {
	if ready() {
		t.points = append(t.points, name+" is over")
	}
}

func TestPointsReachTheTaskOfTheContext(t *testing.T) {
	task := &task{}
	ctx := yield.NewContext(t.Context(), task)
	yield.Point(ctx, "a")
	require.True(t, yield.Wait(ctx, "b", func() bool { return true }))
	require.Equal(t, []string{"a", "b is over"}, task.points)
}

func TestOutsideASimulationNothingHappens(t *testing.T) {
	yield.Point(t.Context(), "a")
	require.Nil(t, yield.From(t.Context()))
	require.False(t, yield.Wait(t.Context(), "b", func() bool { panic("called") }))
}

func BenchmarkPointOutsideASimulation(b *testing.B) {
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		yield.Point(ctx, "a")
	}
}

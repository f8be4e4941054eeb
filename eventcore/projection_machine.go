package eventcore

import (
	"errors"
	"fmt"
)

// ProjectionMachine is a projection as a pure state machine: it decides, and the caller
// reads, applies, saves and sleeps. [RunProjection] is such a caller; a simulator or a
// test can be another. Next tells what to do, and the method named there is told what came
// of it; Cancel may be called at any time. A machine is for one run and one goroutine.
type ProjectionMachine[E any] struct {
	settings projectionSettings
	decoder  decoder[E]
	effect   ProjectionEffect[E]
	notices  []ProjectionNotice
	result   Projected

	page    pageOf
	attempt int          // at the current event, from 1
	failure EventFailure // of the current event, which is to be skipped
	passing bool         // SkipEvent was wanted for the current event
	unsaved bool         // events were passed since the last save

	leads bool
	token uint64
	lost  error // why the lease that is being released is lost

	// goal is what a check of the lease, or a wait, is made for.
	goal goal
	// failures, polls and stands count what has happened in a row.
	failures, polls, stands int

	stopping bool
	stopErr  error
}

// goal is something that takes a checked lease.
type goal uint8

const (
	goalAcquire goal = iota
	goalBegin
	goalRead
	goalApply
	goalSkip
	goalSave
)

// NewProjectionMachine returns the machine of a projection, ready for its first effect.
// It does not call the projector, it only sees whether that is a [CheckpointingProjector].
// Invalid options are errors.
func NewProjectionMachine[E any](projector Projector[E], opts ...ProjectionOption) (*ProjectionMachine[E], error) {
	if projector == nil {
		return nil, errors.New("eventcore: project: the projector is nil; pass one")
	}
	m := &ProjectionMachine[E]{}
	_, m.settings.own = projector.(CheckpointingProjector)
	if err := m.settings.set(opts); err != nil {
		return nil, err
	}
	m.decoder = decoderOf[E](m.settings.codec)
	m.result.Position = m.settings.start
	if m.settings.coordinator != nil {
		m.reach(goalAcquire)
	} else {
		m.reach(goalBegin)
	}
	return m, nil
}

// Next returns what to do next. It belongs to the machine and changes with the next call
// of another method.
func (m *ProjectionMachine[E]) Next() *ProjectionEffect[E] { return &m.effect }

// seek goes for a goal, by way of a check where there is a lease to be lost.
func (m *ProjectionMachine[E]) seek(g goal) {
	if !m.leads {
		m.reach(g)
		return
	}
	m.goal = g
	m.want(ProjectionCheck)
}

// reach does what the goal is.
func (m *ProjectionMachine[E]) reach(g goal) {
	m.goal = g
	switch g {
	case goalAcquire:
		m.want(ProjectionAcquire)
	case goalBegin:
		m.load()
	case goalRead:
		m.openPage()
	case goalApply, goalSkip:
		m.retryEvent()
	case goalSave:
		m.want(ProjectionSave)
		m.effect.At = m.result.Position
	}
}

// want makes an effect that has no more to it than its kind.
func (m *ProjectionMachine[E]) want(kind ProjectionEffectKind) {
	m.effect = ProjectionEffect[E]{Kind: kind, Detached: m.stopping}
}

// must panics if the machine waits for something else: with an answer to another question
// it would lose its place.
func (m *ProjectionMachine[E]) must(kind ProjectionEffectKind, method string) {
	if m.effect.Kind != kind {
		panic(fmt.Sprintf("eventcore: ProjectionMachine.%s was called where %q is to be done; see Next", method, m.effect.Kind))
	}
}

// note keeps a notice until it is taken.
func (m *ProjectionMachine[E]) note(n ProjectionNotice) {
	n.Position, n.Token = m.result.Position, m.token
	m.notices = append(m.notices, n)
}

// TakeNotices returns what was to be noticed since it was called last. It is to be called
// before the next effect is performed; the slice is valid until the next call of another
// method.
func (m *ProjectionMachine[E]) TakeNotices() []ProjectionNotice {
	taken := m.notices
	m.notices = m.notices[:0]
	return taken
}

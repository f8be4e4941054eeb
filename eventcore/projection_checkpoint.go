package eventcore

import (
	"errors"
	"fmt"
)

// ErrCheckpointMoved is what errors.Is finds when the checkpoint is not where the
// projection left it: another one runs on the same subscription. [WithCoordinator] lets
// only one of them run at a time.
var ErrCheckpointMoved = errors.New("the checkpoint was moved by another one")

func moved(left, found Position) error {
	return fmt.Errorf("%w: it was left at %s and is at %s", ErrCheckpointMoved, left, found)
}

// load finds out where to begin.
func (m *ProjectionMachine[E]) load() {
	if m.settings.own || m.settings.checkpoints != nil {
		m.want(ProjectionLoad)
		return
	}
	m.seek(goalRead)
}

// Loaded takes the checkpoint.
func (m *ProjectionMachine[E]) Loaded(at Position, err error) {
	m.must(ProjectionLoad, "Loaded")
	switch {
	case err != nil:
		m.fail(err, m.goal)
	case m.goal != goalBegin:
		m.eventLoaded(at)
	case at.Compare(m.result.Checkpoint) < 0:
		m.stop(moved(m.result.Checkpoint, at))
	default:
		m.begin(at)
	}
}

// begin goes behind the checkpoint, where events were applied and not saved back to it.
func (m *ProjectionMachine[E]) begin(at Position) {
	m.result.Checkpoint, m.result.Position = at, at
	if at.IsZero() {
		m.result.Position = m.settings.start
	}
	m.seek(goalRead)
}

// Saved takes the position at which the checkpoint is after a save.
func (m *ProjectionMachine[E]) Saved(at Position, err error) {
	m.must(ProjectionSave, "Saved")
	if err == nil && at != m.result.Position {
		m.stopUnsaved(moved(m.result.Position, at))
		return
	}
	if err == nil {
		m.result.Checkpoint, m.unsaved, m.failures = at, false, 0
	}
	switch {
	case m.stopping:
		m.stopFurther(err)
	case err != nil:
		m.fail(err, goalSave)
	default:
		m.nextEvent()
	}
}

package eventcore

import "fmt"

// Cancel takes the end of the projection's context. It may be called before an effect is
// performed, or in place of its answer if the effect failed because of that. What was
// applied is still brought to safety: Next goes on with detached effects until it is done.
// Calling it again changes nothing.
func (m *ProjectionMachine[E]) Cancel(err error) {
	if m.stopping || m.effect.Detached {
		return
	}
	m.stop(err)
}

// stop ends the projection, by way of the last save and of the release.
func (m *ProjectionMachine[E]) stop(err error) {
	m.stopping, m.stopErr = true, err
	if m.unsaved {
		m.seek(goalSave)
		return
	}
	m.stopFurther(nil)
}

// stopUnsaved is stop where a save would be wrong or in vain.
func (m *ProjectionMachine[E]) stopUnsaved(err error) {
	if m.stopping {
		m.unsaved = false
		m.stopFurther(err)
		return
	}
	m.unsaved = false
	m.stop(err)
}

// stopFurther goes on with the end; err is what went wrong on the way to it.
func (m *ProjectionMachine[E]) stopFurther(err error) {
	m.stopErr = joined(m.stopErr, err)
	if m.leads {
		m.want(ProjectionRelease)
		return
	}
	if m.stopErr != nil {
		m.note(ProjectionNotice{Kind: NoticeStopped, Err: m.stopErr})
	}
	m.effect = ProjectionEffect[E]{Kind: ProjectionDone, Projected: m.result, Err: m.stopErr}
}

// joined returns both errors as one, on one line.
func joined(first, second error) error {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	default:
		return fmt.Errorf("%w; and then: %w", first, second)
	}
}

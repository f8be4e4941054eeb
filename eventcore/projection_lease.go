package eventcore

import "errors"

// Acquired takes the token of the lease, or why there is none.
func (m *ProjectionMachine[E]) Acquired(token uint64, err error) {
	m.must(ProjectionAcquire, "Acquired")
	switch {
	case err == nil:
		m.leads, m.token = true, token
		m.note(ProjectionNotice{Kind: NoticeLeading})
		m.reach(goalBegin)
	case errors.Is(err, ErrLeaseHeld):
		m.standBy(err)
	default:
		m.fail(err, goalAcquire)
	}
}

// standBy waits to lead, or ends the projection.
func (m *ProjectionMachine[E]) standBy(err error) {
	if !m.settings.standby || !m.settings.standbys.allows(m.stands) {
		m.stopUnsaved(err)
		return
	}
	delay := m.settings.standbys.delay(m.stands, m.settings.random)
	if m.stands == 0 {
		m.note(ProjectionNotice{Kind: NoticeStandby, Err: err, Delay: delay})
	}
	m.stands++
	m.sleep(delay, WaitLeadership, goalAcquire)
}

// Checked takes whether the lease is held.
func (m *ProjectionMachine[E]) Checked(err error) {
	m.must(ProjectionCheck, "Checked")
	switch {
	case err == nil:
		m.reach(m.goal)
	case m.stopping:
		m.unsaved = false
		m.stopFurther(err)
	case errors.Is(err, ErrLeaseLost):
		m.note(ProjectionNotice{Kind: NoticeLeaseLost, Err: err})
		m.lost = err
		// What was applied and not saved is the next leader's: it has begun before it, and
		// would take a checkpoint that moves under it for another reader's.
		m.unsaved = false
		m.want(ProjectionRelease)
		m.effect.Detached = true
	default:
		m.fail(err, m.goal)
	}
}

// Released takes the end of the leadership.
func (m *ProjectionMachine[E]) Released(err error) {
	m.must(ProjectionRelease, "Released")
	if err != nil {
		m.note(ProjectionNotice{Kind: NoticeReleaseFailed, Err: err})
	}
	m.leads, m.token = false, 0
	if m.stopping {
		m.stopFurther(err)
		return
	}
	lost := m.lost
	m.lost = nil
	m.standBy(lost)
}

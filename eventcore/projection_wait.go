package eventcore

import (
	"fmt"
	"time"
)

// fail waits before a goal is tried again, or gives up.
func (m *ProjectionMachine[E]) fail(err error, again goal) {
	m.result.Failures++
	if !m.settings.failures.allows(m.failures) {
		if m.failures > 0 {
			err = fmt.Errorf("given up after %d failures in a row: %w", m.failures+1, err)
		}
		if again == goalSave {
			m.stopUnsaved(err)
		} else {
			m.stop(err)
		}
		return
	}
	delay := m.settings.failures.delay(m.failures, m.settings.random)
	m.failures++
	m.note(ProjectionNotice{Kind: NoticeFailure, Err: err, Attempt: m.failures, Delay: delay})
	m.sleep(delay, WaitFailure, again)
}

func (m *ProjectionMachine[E]) sleep(d time.Duration, reason WaitReason, then goal) {
	m.goal = then
	m.want(ProjectionSleep)
	m.effect.Delay, m.effect.Reason = d, reason
}

// Slept takes the end of the wait; err is nil if it was not cut short.
func (m *ProjectionMachine[E]) Slept(err error) {
	m.must(ProjectionSleep, "Slept")
	if err != nil {
		m.stop(fmt.Errorf("wait: %w", err))
		return
	}
	m.seek(m.goal)
}

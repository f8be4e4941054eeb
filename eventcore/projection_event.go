package eventcore

func (m *ProjectionMachine[E]) current() *Recorded { return &m.page.events[m.page.next] }

// apply makes an attempt at the current event.
func (m *ProjectionMachine[E]) apply() {
	m.attempt++
	event, err := m.decoder.decode(m.current())
	if err != nil {
		m.eventFailed(err)
		return
	}
	m.want(ProjectionApply)
	m.effect.Event = event
}

// Applied takes what the projector returned.
func (m *ProjectionMachine[E]) Applied(err error) {
	m.must(ProjectionApply, "Applied")
	if err != nil {
		m.eventFailed(err)
		return
	}
	m.applied()
}

func (m *ProjectionMachine[E]) applied() {
	m.result.Applied++
	m.pass()
}

// pass moves behind the current event.
func (m *ProjectionMachine[E]) pass() {
	m.result.Position = m.current().Position
	m.page.next++
	m.failures, m.stands = 0, 0
	if m.settings.own {
		m.result.Checkpoint = m.result.Position
	}
	m.unsaved = m.settings.checkpoints != nil
	if m.unsaved && !m.settings.eachPage {
		m.seek(goalSave)
		return
	}
	m.nextEvent()
}

// eventFailed does what the strategy says.
func (m *ProjectionMachine[E]) eventFailed(err error) {
	failure := EventFailure{Event: *m.current(), Err: err, Attempt: m.attempt}
	strategy, invalid := m.settings.choose(failure).filled()
	if invalid != nil {
		m.stop(joined(&failure, invalid))
		return
	}
	switch strategy.decide(m.attempt) {
	case strategyRetry:
		delay := strategy.retry.delay(m.attempt-1, m.settings.random)
		m.result.Retried++
		m.note(ProjectionNotice{Kind: NoticeEventRetry, Event: failure.Event, Err: err, Attempt: m.attempt, Delay: delay})
		m.sleep(delay, WaitRetry, goalApply)
	case strategySkip:
		m.failure = failure
		m.reach(goalSkip)
	default:
		m.stop(&failure)
	}
}

// retryEvent goes on with an event that failed. A projector that keeps its checkpoint may
// have committed all the same, so that is found out first.
func (m *ProjectionMachine[E]) retryEvent() {
	switch {
	case m.settings.own:
		m.want(ProjectionLoad)
	case m.goal == goalApply:
		m.apply()
	default:
		m.noteSkipped()
		m.skipped()
	}
}

func (m *ProjectionMachine[E]) noteSkipped() {
	m.note(ProjectionNotice{Kind: NoticeSkipped, Event: m.failure.Event, Err: m.failure.Err, Attempt: m.failure.Attempt})
}

func (m *ProjectionMachine[E]) skipped() {
	m.result.Skipped++
	m.pass()
}

// eventLoaded takes the checkpoint of a projector whose Apply or SkipEvent has failed.
func (m *ProjectionMachine[E]) eventLoaded(at Position) {
	switch {
	case at == m.current().Position && m.passing:
		m.skipped()
	case at == m.current().Position:
		m.applied()
	case at != m.result.Checkpoint:
		m.stop(moved(m.result.Checkpoint, at))
	case m.goal == goalApply:
		m.apply()
	default:
		if !m.passing {
			m.noteSkipped()
		}
		m.passing = true
		m.want(ProjectionSkip)
		m.effect.At = m.current().Position
	}
}

// SkipEnded takes the result of a [CheckpointingProjector]'s SkipEvent.
func (m *ProjectionMachine[E]) SkipEnded(err error) {
	m.must(ProjectionSkip, "SkipEnded")
	if err != nil {
		m.fail(err, goalSkip)
		return
	}
	m.skipped()
}

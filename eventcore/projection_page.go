package eventcore

import "fmt"

// pageOf is the page that was read: a bounded number of events, so that no read is open
// while they are applied. A store may have one connection only.
type pageOf struct {
	events []Recorded
	next   int
	// last is the position of the last event taken, first of all that to read after.
	last Position
	// broken is why the page cannot be what the store holds.
	broken error
	// cut is the error of the read that ended the page before its time.
	cut error
}

// openPage asks for the events behind the last one that was passed.
func (m *ProjectionMachine[E]) openPage() {
	clear(m.page.events)
	m.page = pageOf{events: m.page.events[:0], last: m.result.Position}
	m.want(ProjectionRead)
	m.effect.Filter, m.effect.After, m.effect.Limit = m.settings.filter, m.result.Position, m.settings.pageSize
}

// Take takes one event of the page that is being read. It returns false if the rest of the
// page is not wanted: the store broke its contract.
func (m *ProjectionMachine[E]) Take(recorded *Recorded) bool {
	if m.effect.Kind != ProjectionRead || m.page.broken != nil {
		return false
	}
	if err := m.refuses(recorded); err != nil {
		m.page.broken = &StoreFailure{Operation: OpReadAll, Err: err}
		return false
	}
	m.page.events = append(m.page.events, *recorded)
	m.page.last = recorded.Position
	return true
}

// refuses says why an event cannot be the next of the page. An event out of order would be
// skipped, or applied twice, and silently so.
func (m *ProjectionMachine[E]) refuses(recorded *Recorded) error {
	switch {
	case recorded.Position.Compare(m.page.last) <= 0:
		return fmt.Errorf("the store yielded position %s (event %d of stream %q) where one behind %s comes next",
			recorded.Position, recorded.Version, recorded.Stream, m.page.last)
	case !m.settings.filter.Match(recorded.Stream, recorded.Type):
		return fmt.Errorf("the store yielded event %d of stream %q, of type %q, which the filter does not select",
			recorded.Version, recorded.Stream, recorded.Type)
	case len(m.page.events) == m.settings.pageSize:
		return fmt.Errorf("the store yielded more than the %d events asked for", m.settings.pageSize)
	}
	return nil
}

// ReadEnded takes the end of the page: err is nil if it is whole. The events before an
// error are applied, then the read is tried again. Of a page that breaks the contract none
// is applied, and the projection ends: what came before may have left something out.
func (m *ProjectionMachine[E]) ReadEnded(err error) {
	m.must(ProjectionRead, "ReadEnded")
	if m.page.broken != nil {
		m.stop(m.page.broken)
		return
	}
	m.page.cut = err
	switch {
	case len(m.page.events) > 0:
		m.polls = 0
		m.nextEvent()
	case err != nil:
		m.fail(err, goalRead)
	case m.settings.continuous:
		m.readable()
		m.sleep(m.settings.polls.delay(m.polls, m.settings.random), WaitEvents, goalRead)
		m.polls++
	default:
		m.readable()
		m.stop(nil)
	}
}

// readable notes that a page was read to its end.
func (m *ProjectionMachine[E]) readable() { m.failures, m.stands = 0, 0 }

// nextEvent applies the next event of the page, or ends the page.
func (m *ProjectionMachine[E]) nextEvent() {
	if m.page.next < len(m.page.events) {
		m.attempt, m.passing = 0, false
		m.apply()
		return
	}
	if m.unsaved && m.settings.checkpoints != nil {
		m.seek(goalSave)
		return
	}
	if cut := m.page.cut; cut != nil {
		m.fail(cut, goalRead)
		return
	}
	m.readable()
	m.seek(goalRead)
}

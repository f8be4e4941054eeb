package sim

import "time"

// patience waits in real time, since only that sees what hangs. It counts the time that the
// process was given: who is stopped for an hour, or has to share an overloaded machine, has not
// waited for an hour.
type patience struct {
	limit time.Duration
	// spent is the part of it that is over.
	spent time.Duration
}

// patienceTicks is the number of parts in which the limit is waited for. A part that takes longer
// than two of them counts as two: the process did not run.
const patienceTicks = 20

// wait waits for a part of the limit, and returns false if done was closed meanwhile.
func (p *patience) wait(done <-chan struct{}) bool {
	part := max(p.limit/patienceTicks, 1)
	began := time.Now()          //nolint:forbidigo // see patience
	timer := time.NewTimer(part) //nolint:forbidigo // see patience
	defer timer.Stop()
	select {
	case <-done:
		return false
	case <-timer.C:
		select {
		case <-done: // both have come while the process did not run
			return false
		default:
		}
		p.spent += min(time.Since(began), 2*part) //nolint:forbidigo // see patience
		return true
	}
}

// isOver says that all of it was spent.
func (p *patience) isOver() bool { return p.spent >= p.limit }

package eventcore

import "time"

// NoticeKind says what a [ProjectionNotice] is about.
type NoticeKind uint8

// The kinds of notices.
const (
	// NoticeSkipped: an event is left out.
	NoticeSkipped NoticeKind = iota + 1
	// NoticeEventRetry: an event could not be applied and is tried again.
	NoticeEventRetry
	// NoticeFailure: a read, a checkpoint or the leadership failed and is tried again.
	NoticeFailure
	// NoticeLeading: the projection leads.
	NoticeLeading
	// NoticeStandby: another one leads, and the projection waits.
	NoticeStandby
	// NoticeLeaseLost: the projection leads no more.
	NoticeLeaseLost
	// NoticeReleaseFailed: the lease could not be given up; another one may have to wait
	// until it ends by itself.
	NoticeReleaseFailed
	// NoticeStopped: the projection ends before its time, because of an error or of its
	// context.
	NoticeStopped
)

var noticeNames = [...]string{
	"no notice", "event skipped", "event tried again", "failure", "leading", "standing by", "lease lost", "release failed", "stopped",
}

// String returns the kind in a few words, as in "lease lost".
func (k NoticeKind) String() string {
	if int(k) < len(noticeNames) {
		return noticeNames[k]
	}
	return noticeNames[0]
}

// ProjectionNotice is what an operator should know of a projection.
type ProjectionNotice struct {
	Kind NoticeKind
	// Position is that of the last event that was applied or skipped before.
	Position Position
	// Event is the event that is skipped or tried again.
	Event Recorded
	// Err is the cause.
	Err error
	// Attempt is the number of attempts to apply the event, or of failures in a row.
	Attempt int
	// Delay is the wait until the next attempt.
	Delay time.Duration
	// Token is the fencing token of a projection that leads.
	Token uint64
}

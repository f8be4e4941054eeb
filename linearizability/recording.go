package linearizability

import (
	"context"
	"errors"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// recording is the store of one client.
type recording struct {
	recorder *Recorder
	client   int
	log      *clientLog
	inner    eventcore.Store
}

type recordingAll struct {
	*recording
	all eventcore.AllReader
}

// Append implements [eventcore.Store].
func (s *recording) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	op := s.log.begin(s.client, Append, s.recorder.stamp.Add(1))
	s.log.keepBatch(op, &writes)
	appended, err := s.inner.Append(ctx, writes)
	op.Return = s.recorder.stamp.Add(1)
	op.Outcome, op.Err = eventcore.OutcomeOf(err), err
	switch op.Outcome {
	case eventcore.OutcomeApplied:
		s.log.keepResult(op, appended)
	case eventcore.OutcomeNotApplied:
		if conflict, is := errors.AsType[*eventcore.VersionConflict](err); is {
			s.log.keepConflict(op, conflict)
		}
	default:
	}
	return appended, err
}

// ReadStream implements [eventcore.Store].
func (s *recording) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	events := s.inner.ReadStream(ctx, id, after)
	return func(consume func(eventcore.Recorded, error) bool) {
		op := s.log.begin(s.client, ReadStream, s.recorder.stamp.Add(1))
		op.Stream, op.After = id, after
		s.log.startReading(s.recorder, op, consume).run(events)
	}
}

// ReadAll implements [eventcore.AllReader].
func (s *recordingAll) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	events := s.all.ReadAll(ctx, filter, after, limit)
	return func(consume func(eventcore.Recorded, error) bool) {
		op := s.log.begin(s.client, ReadAll, s.recorder.stamp.Add(1))
		op.Filter, op.Position, op.Limit = filter, after, limit
		s.log.startReading(s.recorder, op, consume).run(events)
	}
}

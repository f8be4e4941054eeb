package linearizability

import (
	"context"
	"errors"
	"iter"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pushread"
)

// recording is the store of one client.
type recording struct {
	recorder *Recorder
	client   int
	log      *clientLog
	inner    eventcore.Store
	streams  pushread.Reader
}

type recordingAll struct {
	*recording
	all pushread.AllReader
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
	return pushread.Stream(ctx, s, id, after)
}

// PushStream implements [pushread.Reader].
func (s *recording) PushStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version, consume pushread.Consumer) {
	op := s.log.begin(s.client, ReadStream, s.recorder.stamp.Add(1))
	op.Stream, op.After = id, after
	it := s.log.startReading(s.recorder, op, consume)
	defer it.finish()
	s.streams.PushStream(ctx, id, after, it.body)
	it.over()
}

// ReadAll implements [eventcore.AllReader].
func (s *recordingAll) ReadAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return pushread.All(ctx, s, filter, after, limit)
}

// PushAll implements [pushread.AllReader].
func (s *recordingAll) PushAll(ctx context.Context, filter eventcore.Filter, after eventcore.Position, limit int, consume pushread.Consumer) {
	op := s.log.begin(s.client, ReadAll, s.recorder.stamp.Add(1))
	op.Filter, op.Position, op.Limit = filter, after, limit
	it := s.log.startReading(s.recorder, op, consume)
	defer it.finish()
	s.all.PushAll(ctx, filter, after, limit, it.body)
	it.over()
}

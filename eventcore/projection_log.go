package eventcore

import (
	"context"
	"errors"
	"log/slog"
)

// report writes the machine's notices to the log and tells them to the hook.
func (r *projectionRun[E]) report(ctx context.Context) {
	settings := &r.machine.settings
	for _, notice := range r.machine.TakeNotices() {
		settings.log(ctx, &notice)
		if settings.onNotice != nil {
			settings.onNotice(notice)
		}
	}
}

// log makes the record itself, so that its time is that of the projection's clock.
func (s *projectionSettings) log(ctx context.Context, n *ProjectionNotice) {
	logger := s.logger
	if logger == nil {
		logger = slog.Default()
	}
	level := n.level()
	if !logger.Enabled(ctx, level) {
		return
	}
	record := slog.NewRecord(s.clock.Now(), level, "projection: "+n.Kind.String(), 0)
	if !s.subscription.IsZero() {
		record.AddAttrs(slog.String("subscription", s.subscription.String()))
	}
	record.AddAttrs(n.attrs()...)
	// A log that fails has nowhere to say so.
	_ = logger.Handler().Handle(ctx, record)
}

func (n *ProjectionNotice) level() slog.Level {
	switch n.Kind {
	case NoticeSkipped:
		return slog.LevelError
	case NoticeStopped:
		if errors.Is(n.Err, context.Canceled) {
			return slog.LevelInfo
		}
		return slog.LevelError
	case NoticeLeading, NoticeStandby:
		return slog.LevelInfo
	default:
		return slog.LevelWarn
	}
}

// attrs are the fields that are set.
func (n *ProjectionNotice) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("position", n.Position.String())}
	if !n.Event.Stream.IsZero() {
		attrs = append(attrs, slog.Group("event",
			slog.String("position", n.Event.Position.String()), slog.String("stream", n.Event.Stream.String()),
			slog.Uint64("version", uint64(n.Event.Version)), slog.String("type", n.Event.Type)))
	}
	if n.Token > 0 {
		attrs = append(attrs, slog.Uint64("token", n.Token))
	}
	if n.Attempt > 0 {
		attrs = append(attrs, slog.Int("attempt", n.Attempt))
	}
	if n.Delay > 0 {
		attrs = append(attrs, slog.Duration("delay", n.Delay))
	}
	if n.Err != nil {
		attrs = append(attrs, slog.Any("error", n.Err))
	}
	return attrs
}

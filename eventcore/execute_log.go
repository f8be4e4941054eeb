package eventcore

import (
	"context"
	"errors"
	"log/slog"
)

// WithLogger sets where the execution writes what its operator must see, and its caller may
// not: a snapshot that could not be used or saved, and an append whose outcome is unknown.
// Without it that is [slog.Default]. Times are those of the execution's clock. To be
// silent on purpose pass slog.New(slog.DiscardHandler).
func WithLogger(logger *slog.Logger) Option { return func(s *settings) { s.logger = logger } }

// log writes what is to be seen of an execution.
func (s *settings) log(ctx context.Context, command any, executed *Executed, err error) {
	if executed.Snapshot.Err != nil {
		s.warn(ctx, "execute: snapshot not used or not saved", command, executed.Snapshot.Err)
	}
	if executed.Outcome == OutcomeUnknown {
		s.warn(ctx, "execute: outcome unknown", command, err)
	}
}

// warn makes the record itself, so that its time is that of the clock.
func (s *settings) warn(ctx context.Context, message string, command any, err error) {
	logger := s.logger
	if logger == nil {
		logger = slog.Default()
	}
	if !logger.Enabled(ctx, slog.LevelWarn) {
		return
	}
	record := slog.NewRecord(s.clock.Now(), slog.LevelWarn, message, 0)
	record.AddAttrs(slog.String("command", commandName(command)), slog.Any("error", errors.Join(err)))
	// A log that fails has nowhere to say so.
	_ = logger.Handler().Handle(ctx, record)
}

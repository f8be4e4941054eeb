package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Error codes of PostgreSQL (appendix A of its manual).
const (
	undefinedTable           = "42P01"
	uniqueViolation          = "23505"
	serializationFailure     = "40001"
	deadlockDetected         = "40P01"
	statementCompletion      = "40003" // "statement completion unknown"
	classConnectionException = "08"
	classInternalError       = "XX"
)

// byStream is the index that no two events of one version get past.
const byStream = "eventcore_events_by_stream"

// failed is the failure of an append whose statements were on their way.
func failed(ctx context.Context, writes *eventcore.Writes, err error) error {
	refused, answered := errors.AsType[*pgconn.PgError](err)
	if answered && rolledBack(refused) && lostRace(refused) && len(writes.Participants()) > 0 {
		// The server does not say which stream moved, nor how far.
		p := &writes.Participants()[0]
		return &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, ActualUnknown: true}
	}
	said := because(ctx, err)
	if cameToNothing(err) {
		return notApplied(said)
	}
	return inDoubt(said)
}

// lostRace says whether the transaction came to nothing because of another one. With
// PostgreSQL as it is set up by default it does not happen: the lock on the head is the
// only one that is waited for. It does with a stricter default_transaction_isolation,
// on engines that have no weaker one, and where another program writes to the tables.
func lostRace(refused *pgconn.PgError) bool {
	switch refused.Code {
	case serializationFailure, deadlockDetected:
		return true
	case uniqueViolation:
		return refused.ConstraintName == byStream
	default:
		return false
	}
}

// rolledBack says whether the server's answer means that nothing was applied. An ERROR
// ends the transaction. FATAL and PANIC end the connection, and might come when the
// commit is done but not yet reported. Engines that commit on several nodes report as an
// internal error that one of them did not answer.
func rolledBack(refused *pgconn.PgError) bool {
	severity := refused.SeverityUnlocalized
	if severity == "" {
		severity = refused.Severity // servers that do not send the other
	}
	return severity == "ERROR" && refused.Code != statementCompletion &&
		!strings.HasPrefix(refused.Code, classConnectionException) && !strings.HasPrefix(refused.Code, classInternalError)
}

// cameToNothing says whether it is certain that nothing was applied.
func cameToNothing(err error) bool {
	refused, answered := errors.AsType[*pgconn.PgError](err)
	return pgconn.SafeToRetry(err) || answered && rolledBack(refused)
}

// notApplied is the failure of an append that came to nothing.
func notApplied(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeNotApplied, Err: err}
}

// inDoubt is the failure of an append that may have been applied.
func inDoubt(err error) error {
	return &eventcore.StoreFailure{Operation: eventcore.OpAppend, Outcome: eventcore.OutcomeUnknown, Err: err}
}

// because returns err, or where the context is done an error that says so too: the
// server only says that a statement was cancelled.
func because(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

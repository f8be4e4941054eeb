package scenarios

import "errors"

// Refusal is a business rule that forbids a command. Nothing was applied.
type Refusal string

// Error implements error.
func (r Refusal) Error() string { return "refused: " + string(r) }

// Violation says that an operation saw what no correct store can show: an event out
// of its place, or a state that the store confirmed as current and that breaks the
// scenario's rules. It is never the doing of a fault.
type Violation struct {
	// Rule is what does not hold.
	Rule string
	// Detail says what was seen instead.
	Detail string
}

// Error implements error.
func (v *Violation) Error() string { return v.Rule + ": " + v.Detail }

// isViolation says whether err is a [*Violation].
func isViolation(err error) bool {
	_, is := errors.AsType[*Violation](err)
	return is
}

package chaos

import (
	"errors"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ErrInjected is what errors.Is finds in every error that this package made.
var ErrInjected = errors.New("injected fault")

// injected marks an error as made on purpose. It leaves what err is to errors.As,
// so that a caller cannot but treat it as the real thing.
type injected struct {
	kind Kind
	err  error
}

// Error implements error.
func (e *injected) Error() string {
	if e.err == nil {
		return "injected " + e.kind.String()
	}
	return "injected " + e.kind.String() + ": " + e.err.Error()
}

// Is says that it is [ErrInjected].
func (e *injected) Is(target error) bool { return target == ErrInjected }

// Unwrap returns the error that is marked.
func (e *injected) Unwrap() error { return e.err }

// failure returns a store failure that kind made.
func failure(kind Kind, op eventcore.Operation, outcome eventcore.Outcome) error {
	return &eventcore.StoreFailure{Operation: op, Outcome: outcome, Err: &injected{kind: kind}}
}

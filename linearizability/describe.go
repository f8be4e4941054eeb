package linearizability

import (
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// String describes the operation on one line.
func (op *Operation) String() string {
	who := fmt.Sprintf("client %d", op.Client)
	if op.Client == FinalClient {
		who = "final read"
	}
	until := fmt.Sprint(op.Return)
	if op.Return == Never {
		until = "never"
	}
	return fmt.Sprintf("%s [%d-%s] %s", who, op.Call, until, op.describe())
}

// describe returns the call and its result without client and stamps.
func (op *Operation) describe() string {
	switch op.Kind {
	case Append:
		return "append " + op.describeBatch() + " → " + op.describeOutcome()
	case ReadStream:
		return fmt.Sprintf("read %s after %d → %s", op.Stream, op.After, op.describeSeen())
	default:
		return fmt.Sprintf("read all%s after %s limit %d → %s", describeFilter(op.Filter), op.Position, op.Limit, op.describeSeen())
	}
}

func (op *Operation) describeBatch() string {
	var parts []string
	for _, p := range op.Participants {
		text := fmt.Sprintf("%s@%d", p.Stream, p.Expected)
		if p.Events > 0 {
			text += fmt.Sprintf("+%d", p.Events)
		}
		parts = append(parts, text)
	}
	return "{" + strings.Join(parts, " ") + "}"
}

func (op *Operation) describeOutcome() string {
	switch {
	case op.Outcome == eventcore.OutcomeApplied:
		return "applied"
	case op.Conflict != nil && op.Conflict.ActualUnknown:
		return fmt.Sprintf("conflict on %s", op.Conflict.Stream)
	case op.Conflict != nil:
		return fmt.Sprintf("conflict on %s, found at %d", op.Conflict.Stream, op.Conflict.Actual)
	default:
		return op.Outcome.String()
	}
}

func describeVersions(versions []eventcore.StreamVersion) string {
	text := "no versions"
	for i, v := range versions {
		if i == 0 {
			text = "versions"
		}
		text += fmt.Sprintf(" %s@%d", v.Stream, v.Version)
	}
	return text
}

func (op *Operation) describeSeen() string {
	text := "nothing"
	if n := len(op.Seen); n > 0 {
		first, last := op.Seen[0], op.Seen[n-1]
		text = fmt.Sprintf("%d events, %s@%d to %s@%d", n, first.Stream, first.Version, last.Stream, last.Version)
	}
	switch op.End {
	case Complete:
		return text
	case Stopped:
		return text + ", stopped"
	default:
		return text + ", then it failed"
	}
}

func describeFilter(f eventcore.Filter) string {
	var text string
	if !f.Prefix.IsZero() {
		text += " prefix " + f.Prefix.String()
	}
	if !f.Pattern.IsZero() {
		text += " pattern " + f.Pattern.String()
	}
	if len(f.Types) > 0 {
		text += " types " + strings.Join(f.Types, " ")
	}
	return text
}

package storetest

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// Requirement is one rule of the contract that the suite checks.
type Requirement struct {
	// ID names the rule for ever, as in "R-APPEND-03".
	ID string
	// Group is the part of the contract that the rule belongs to, as in "append".
	Group string
	// Rule is what the contract demands, in one sentence.
	Rule string
	// Why is what goes wrong in a store that breaks the rule.
	Why string
	// Needs is what the rule cannot be checked without: an optional interface, as in
	// "eventcore.AllReader", or an option, as in "storetest.WithReopen", or several of
	// them joined by " and "; "" for a rule that is checked with every store.
	Needs string
	// Source is the file and line of the rule in this package, as in "append.go:41".
	Source string
}

// Requirements returns all rules in the order in which they are checked.
func Requirements() []Requirement {
	var list []Requirement
	for _, r := range requirements() {
		list = append(list, r.Requirement)
	}
	return list
}

// requirement is a rule and its check.
type requirement struct {
	Requirement
	needs []need
	check func(ctx context.Context, s *subject) error
}

func requirements() []requirement {
	var list []requirement
	for _, group := range [][]requirement{
		appendRules(), eventRules(), streamRules(), readRules(), typedRules(), contextRules(), concurrencyRules(),
		readAllRules(), filterRules(), batchRules(), reopenRules(), handleRules(), resourceRules(), lazyRules(),
	} {
		list = append(list, group...)
	}
	return list
}

// rule makes a requirement of the group that its ID names. The source is the line
// that calls rule.
func rule(id, text, why string, check func(context.Context, *subject) error) requirement {
	_, file, line, _ := runtime.Caller(1)
	r := requirement{check: check, Requirement: Requirement{
		ID: id, Group: strings.ToLower(strings.Split(id, "-")[1]), Rule: text, Why: why,
		Source: fmt.Sprintf("%s:%d", filepath.Base(file), line),
	}}
	if r.Group == groupAll {
		return needing(r, needsAllReader)
	}
	return r
}

// failed says of err which rule it breaks.
func (r *Requirement) failed(err error) error {
	return fmt.Errorf("%s (%s): %s: %w", r.ID, r.Source, r.Rule, err)
}

package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// need is what a rule cannot be checked without.
type need string

const (
	needsAllReader    need = "eventcore.AllReader"
	needsReopen       need = "storetest.WithReopen"
	needsSecondHandle need = "storetest.WithSecondHandle"
	needsResources    need = "storetest.WithResources"
)

// groupAll is the group whose rules all need [eventcore.AllReader].
const groupAll = "all"

// needing returns the rule with more needs.
func needing(r requirement, more ...need) requirement {
	r.needs = append(slices.Clip(r.needs), more...)
	names := make([]string, len(r.needs))
	for i, n := range r.needs {
		names[i] = string(n)
	}
	r.Needs = strings.Join(names, " and ")
	return r
}

// errNotChecked is wrapped by the errors that say why a rule is not checked.
var errNotChecked = errors.New("not checked")

// errNoReadAll is the one of them that [WithoutAllReader] permits.
var errNoReadAll = notChecked("the store has no ReadAll, it is no eventcore.AllReader; storetest.WithoutAllReader lets Check pass without the global order")

// notChecked is the reason why a rule is not checked.
type notChecked string

func (reason notChecked) Error() string { return string(reason) }

func (reason notChecked) Is(target error) bool { return target == errNotChecked }

// lacksOption says whether an option is missing that the rule needs.
func (r *requirement) lacksOption(o *options) error {
	given := map[need]bool{
		needsAllReader: true, needsReopen: o.reopen != nil, needsSecondHandle: o.second != nil, needsResources: o.resources != nil,
	}
	for _, n := range r.needs {
		if !given[n] {
			return notChecked(fmt.Sprintf("%s is not given; storetest.Without(%q) leaves out the rules that need it",
				n, "R-"+strings.ToUpper(r.Group)))
		}
	}
	return nil
}

// lacksMethod says whether the store has not got a method that the rule needs.
func (r *requirement) lacksMethod(store eventcore.Store) error {
	if _, ok := store.(eventcore.AllReader); !ok && slices.Contains(r.needs, needsAllReader) {
		return errNoReadAll
	}
	return nil
}

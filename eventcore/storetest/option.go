package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Option changes what [Run] and [Check] do.
type Option func(*options)

// Without leaves rules out. Each name is the ID of a rule, as in "R-ALL-07", or the
// beginning of several, as in "R-ALL" for a store that has no global order. A name that
// fits no rule is an error, so that a rule is never left out by a mistake unnoticed.
func Without(names ...string) Option {
	return func(o *options) { o.without = append(o.without, names...) }
}

// WithoutAllReader lets [Check] pass a store that is no [eventcore.AllReader]: the rules
// of the global order are left out for it. A store that is one is checked as ever, so
// that a ReadAll added later does not stay unchecked; Without("R-ALL") leaves it out.
func WithoutAllReader() Option {
	return func(o *options) { o.withoutAllReader = true }
}

// WithDeadline sets the time that the check of one rule may take before it is reported
// as hanging; without this option it is 30 seconds. A hanging check is abandoned: its
// goroutines stay and its store is not closed.
func WithDeadline(d time.Duration) Option {
	return func(o *options) { o.deadline = d }
}

type options struct {
	without          []string
	withoutAllReader bool
	deadline         time.Duration
}

func newOptions(list []Option) (options, error) {
	o := options{deadline: 30 * time.Second}
	for _, change := range list {
		change(&o)
	}
	if o.deadline <= 0 {
		return o, fmt.Errorf("storetest: the deadline is %v; it must be positive", o.deadline)
	}
	for _, name := range o.without {
		fits := func(r requirement) bool { return covers(name, r.ID) }
		if !slices.ContainsFunc(requirements(), fits) {
			return o, fmt.Errorf("storetest: Without(%q) fits no requirement; storetest.Requirements lists them", name)
		}
	}
	return o, nil
}

// excludes says whether the rule is left out.
func (o *options) excludes(id string) bool {
	return slices.ContainsFunc(o.without, func(name string) bool { return covers(name, id) })
}

// covers says whether name is id or the beginning of id up to a dash.
func covers(name, id string) bool {
	return name == id || strings.HasPrefix(id, name+"-")
}

package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
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

// WithReopen lets the suite close a store and open it again, which the rules R-REOPEN
// need: what is recorded outlives the process that recorded it. reopen closes the store
// and returns it opened anew, with all that it held. What it returns is closed by the
// suite if it is an [io.Closer]; the store it was given is not closed again. Without
// this option [Run] skips these rules and [Check] fails them, unless [Without] leaves
// them out.
func WithReopen(reopen func(ctx context.Context, store eventcore.Store) (eventcore.Store, error)) Option {
	return func(o *options) { o.reopen = reopen }
}

// WithSecondHandle lets the suite use one store through two handles at the same time,
// as two processes do, which the rules R-HANDLE need. second opens what store has open,
// once more and sharing nothing in memory with it; the suite closes both. Without this
// option [Run] skips these rules and [Check] fails them, unless [Without] leaves them
// out.
func WithSecondHandle(second func(ctx context.Context, store eventcore.Store) (eventcore.Store, error)) Option {
	return func(o *options) { o.second = second }
}

// WithResources lets the suite count what a store holds, which the rules R-RES need.
// count returns how many of each kind, as in {"open files": 3, "connections in use": 0};
// the keys are for the failure's text. It must count what is in use: connections that a
// pool keeps idle may come and go. A kind that is not named counts as none of it. Without
// this option [Run] skips these rules and [Check] fails them, unless [Without] leaves
// them out.
func WithResources(count func(store eventcore.Store) map[string]int) Option {
	return func(o *options) { o.resources = count }
}

// WithLongStream sets the number of events in the stream on which the rule R-LAZY-01
// measures memory. Without this option it is 200,000, and 20,000 in [Run] with -short; less
// is an error, as a page of events is then too great a part of them. The fewer they are the
// longer is each, so that all of them stay as many bytes. Memory is that of Go's heap in
// the whole process; the rule is not for tests that run in parallel. Without("R-LAZY")
// leaves it out.
func WithLongStream(events int) Option {
	return func(o *options) { o.longStream = events }
}

// Outcome is what came of one rule.
type Outcome struct {
	Requirement
	// Err says how the store broke the rule; nil for one that was kept or not checked.
	Err error
	// NotChecked says why the rule was not checked; "" for one that was. LeftOut says that
	// [Without] is why.
	NotChecked string
	LeftOut    bool
}

// Passed says that the rule was checked and kept.
func (o *Outcome) Passed() bool { return o.Err == nil && o.NotChecked == "" }

// WithOutcomes has report called with what came of each rule, one after the other. A rule
// that go test's -run leaves out has no outcome.
func WithOutcomes(report func(Outcome)) Option {
	return func(o *options) { o.report = report }
}

type options struct {
	report           func(Outcome)
	without          []string
	withoutAllReader bool
	deadline         time.Duration
	reopen, second   func(context.Context, eventcore.Store) (eventcore.Store, error)
	resources        func(eventcore.Store) map[string]int
	longStream       int
}

// leastLongStream is the shortest stream on which memory is measured.
const leastLongStream = 20_000

func newOptions(list []Option) (options, error) {
	o := options{deadline: 30 * time.Second, longStream: 200_000, report: func(Outcome) {}}
	for _, change := range list {
		change(&o)
	}
	if o.deadline <= 0 {
		return o, fmt.Errorf("storetest: the deadline is %v; it must be positive", o.deadline)
	}
	if o.longStream < leastLongStream {
		return o, fmt.Errorf("storetest: the long stream has %d events; it must have %d at least (Without(\"R-LAZY\") leaves it out)", o.longStream, leastLongStream)
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

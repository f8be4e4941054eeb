package certify

import (
	"fmt"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

// Option changes what [Run] and [Check] do.
type Option func(*options)

// Without declares what an adapter cannot do: [MultiStream], [ReadOnly] or both. The backend
// is then judged on the rest, and the certificate lists what was left out as not certified.
// The other abilities are found by type assertion and need no declaration.
func Without(abilities ...Ability) Option {
	return func(o *options) { o.without = append(o.without, abilities...) }
}

// Version sets the backend's version in the certificate. Without it, it is that of the
// module in which Backend.Open was written, as the binary tells it.
func Version(v string) Option { return func(o *options) { o.version = v } }

// WithContract gives options to the contract tests, such as storetest.WithSecondHandle and
// storetest.WithResources, which certify more. What storetest.Without leaves out is not
// certified, and the level that it belongs to is not reached.
func WithContract(opts ...storetest.Option) Option {
	return func(o *options) { o.contract = append(o.contract, opts...) }
}

// WithoutContract leaves the contract tests to another test of the package, which calls
// storetest.Run itself. What they check is not certified then, and no level is reached.
func WithoutContract() Option { return func(o *options) { o.elsewhere = true } }

type options struct {
	without   []Ability
	version   string
	contract  []storetest.Option
	elsewhere bool
}

func newOptions(list []Option) (options, error) {
	var o options
	for _, change := range list {
		change(&o)
	}
	for _, a := range o.without {
		if !a.declarable() {
			return o, fmt.Errorf("certify: Without(%q): only %q and %q can be declared; other abilities are found by type assertion: leave the methods out", a, MultiStream, ReadOnly)
		}
	}
	for _, r := range Requirements() {
		if r.phase == phaseContract && slices.ContainsFunc(r.Needs, o.lacks) {
			o.contract = append(o.contract, storetest.Without(r.ID))
		}
	}
	return o, nil
}

// lacks says whether the ability was declared not to be there.
func (o *options) lacks(a Ability) bool { return slices.Contains(o.without, a) }

// narrow says that appends of the store take one stream or rely on no other.
func (o *options) narrow() bool { return o.lacks(MultiStream) || o.lacks(ReadOnly) }

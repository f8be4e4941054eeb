package certify

import "github.com/eventcore-go/eventcore-sim/eventcore/storetest"

// Option changes what [Run] does.
type Option func(*options)

// WithContract gives options to the contract tests, such as storetest.WithSecondHandle and
// storetest.WithResources, which check more.
func WithContract(opts ...storetest.Option) Option {
	return func(o *options) { o.contract = append(o.contract, opts...) }
}

// WithoutContract leaves the contract tests to another test of the package, which calls
// storetest.Run itself.
func WithoutContract() Option { return func(o *options) { o.elsewhere = true } }

type options struct {
	contract  []storetest.Option
	elsewhere bool
}

func newOptions(list []Option) options {
	var o options
	for _, change := range list {
		change(&o)
	}
	return o
}

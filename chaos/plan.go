package chaos

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Plan says which faults a run has. The zero value has none.
//
// A call has at most one fault. A fault that names the call goes first; otherwise
// the rates are tried in the order of [Kinds], each with a draw of its own, and the
// first that hits has the call, even if its fault then finds nothing to fail.
type Plan struct {
	// Rates are kinds that fire at random, each kind at most once.
	Rates []Rate
	// Faults are single faults, at most one on a call, one on a request and one on an
	// operation of the disk.
	Faults []Fault
}

// Rate is how often a kind of fault fires.
type Rate struct {
	Kind Kind
	// P is the probability for each call that the fault can hit, above 0 and at
	// most 1.
	P float64
	// Delay is the longest time of a delay; each has one between a hundredth of it
	// and all of it. It is 0 for kinds that take no time.
	Delay time.Duration
}

// Explicit returns the plan of these faults and no rates. With what
// [Injector.Log] returned it makes the same faults fire again.
func Explicit(faults ...Fault) Plan { return Plan{Faults: slices.Clone(faults)} }

// WithRate returns the plan with that rate for a kind, in place of one it may have
// had. A delay takes up to [DefaultDelay].
func (p Plan) WithRate(kind Kind, probability float64) Plan {
	rate := Rate{Kind: kind, P: probability}
	if kind.timed() {
		rate.Delay = DefaultDelay
	}
	p.Rates = slices.Clone(p.Rates)
	if i := slices.IndexFunc(p.Rates, func(r Rate) bool { return r.Kind == kind }); i >= 0 {
		p.Rates[i] = rate
	} else {
		p.Rates = append(p.Rates, rate)
	}
	return p
}

// IsZero says whether the plan has no faults.
func (p Plan) IsZero() bool { return len(p.Rates) == 0 && len(p.Faults) == 0 }

// String returns the plan as text, "none" for one without faults.
func (p Plan) String() string {
	if p.IsZero() {
		return none
	}
	items := make([]string, 0, len(p.Rates)+len(p.Faults))
	for _, r := range p.Rates {
		items = append(items, r.String())
	}
	for _, f := range p.Faults {
		items = append(items, f.String())
	}
	return strings.Join(items, ", ")
}

// Validate returns an error that names the item which is wrong and says what is
// allowed. [ParsePlan] returns valid plans only.
func (p Plan) Validate() error {
	var rated [kindEnd]bool
	for _, r := range p.Rates {
		if err := r.validate(); err != nil {
			return err
		}
		if rated[r.Kind] {
			return fmt.Errorf("chaos: rate %s: %s already has a rate; give each kind one", r, r.Kind)
		}
		rated[r.Kind] = true
	}
	type call struct {
		client, call int
		request      bool
		disk         bool
	}
	first := make(map[call]Fault, len(p.Faults))
	for _, f := range p.Faults {
		if err := f.Validate(); err != nil {
			return err
		}
		at := call{f.Client, f.Call, f.Kind.OnRequest(), f.Kind.OnDisk()}
		if other, taken := first[at]; taken {
			return fmt.Errorf("chaos: fault %s: call %d of client %d already has the fault %s; a call can have one",
				f, f.Call, f.Client, other)
		}
		first[at] = f
	}
	return nil
}

func (r Rate) validate() error {
	switch {
	case !r.Kind.valid():
		return fmt.Errorf("chaos: rate %s: %s is not a kind of fault; the kinds are %s", r, r.Kind, kinds(Kind.valid))
	case !(r.P > 0 && r.P <= 1): // written so that NaN is refused too
		return fmt.Errorf("chaos: rate %s: the rate is above 0%% and at most 100%%; leave the item out for no such fault", r)
	}
	if err := checkDelay(r.Kind, r.Delay); err != nil {
		return fmt.Errorf("chaos: rate %s: %w", r, err)
	}
	return nil
}

// timed says whether the plan ever sleeps.
func (p Plan) timed() bool {
	return slices.ContainsFunc(p.Rates, func(r Rate) bool { return r.Kind.timed() }) ||
		slices.ContainsFunc(p.Faults, func(f Fault) bool { return f.Kind.timed() })
}

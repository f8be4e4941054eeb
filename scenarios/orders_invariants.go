package scenarios

import (
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func orderInvariants() []Invariant {
	return []Invariant{
		{"stock", "no item has less than nothing in stock at any version", checkStock},
		{"order lifecycle", "an order is placed once, then closed at most once", checkLifecycle},
		{"reserved", "what is reserved is what fulfilled orders list, each line once", checkReserved},
		{"orders kept", "every acknowledged operation on an order is in the log", checkOrdersKept},
	}
}

func checkStock(f *Final) error {
	for _, name := range f.streams() {
		stock := int64(0)
		err := f.facts(name, func(_ *eventcore.Recorded, said fact) error {
			if said.Type != typeStocked && said.Type != typeReserved {
				return nil
			}
			if stock += said.supply(); stock < 0 {
				return fmt.Errorf("%d are left in stock", stock)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func checkLifecycle(f *Final) error {
	for _, name := range f.streams() {
		placed, closed := uint64(0), ""
		err := f.facts(name, func(_ *eventcore.Recorded, said fact) error {
			switch said.Type {
			case typePlaced:
				if closed != "" || (placed != 0 && placed != said.Ref) {
					return fmt.Errorf("the order is placed again, by operation %d", said.Ref)
				}
				placed = said.Ref
			case typeFulfilled, typeCancelled:
				if closed != "" || placed == 0 {
					return fmt.Errorf("the order is %s when it is %s", said.Type, orWords(closed, "not placed"))
				}
				closed = said.Type
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func orWords(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s + " already"
}

// reservation is one line of an order and the operation that reserved it.
type reservation struct {
	order, item eventcore.StreamID
	ref         uint64
}

// checkReserved compares reservations by what the orders say with those by what the
// stock says.
func checkReserved(f *Final) error {
	fulfilments := make(map[eventcore.StreamID]uint64)
	taken := make(map[reservation]int64)
	err := f.eachFact(func(e *eventcore.Recorded, said fact) error {
		switch said.Type {
		case typeFulfilled:
			fulfilments[e.Stream] = said.Ref
		case typeReserved:
			r := reservation{said.Peer, e.Stream, said.Ref}
			if _, twice := taken[r]; twice {
				return fmt.Errorf("operation %d reserves twice for order %q", said.Ref, said.Peer)
			}
			taken[r] = said.N
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = f.eachFact(func(e *eventcore.Recorded, said fact) error {
		ref, fulfilled := fulfilments[e.Stream]
		if said.Type != typePlaced || !fulfilled {
			return nil
		}
		line := reservation{e.Stream, said.Peer, ref}
		if n := taken[line]; n != said.N {
			return fmt.Errorf("the order is fulfilled with %d of %q reserved instead of %d", n, said.Peer, said.N)
		}
		delete(taken, line)
		return nil
	})
	if err != nil {
		return err
	}
	return f.eachFact(func(e *eventcore.Recorded, said fact) error {
		if _, left := taken[reservation{said.Peer, e.Stream, said.Ref}]; said.Type == typeReserved && left {
			return fmt.Errorf("%d are reserved for order %q, which was not fulfilled with them", said.N, said.Peer)
		}
		return nil
	})
}

// checkOrdersKept finds the effect of each applied operation by its Ref.
func checkOrdersKept(f *Final) error {
	type effect struct {
		stream eventcore.StreamID
		sort   string
		ref    uint64
	}
	in := make(map[effect]int)
	err := f.eachFact(func(e *eventcore.Recorded, said fact) error {
		in[effect{e.Stream, said.Type, said.Ref}]++
		return nil
	})
	if err != nil {
		return err
	}
	sorts := map[string]string{"place": typePlaced, "fulfil": typeFulfilled, "cancel": typeCancelled, "restock": typeStocked}
	for i := range f.Results {
		r := &f.Results[i]
		sort, writes := sorts[r.Op.Do]
		if !writes || r.Outcome != eventcore.OutcomeApplied {
			continue
		}
		due := 1
		if sort == typePlaced {
			due = len(r.Op.Streams) - 1
		}
		if n := in[effect{r.Op.Streams[0], sort, r.Ref}]; n != due {
			return fmt.Errorf("%s was applied, but stream %q has %d events of it instead of %d", r.describe(), r.Op.Streams[0], n, due)
		}
	}
	return nil
}

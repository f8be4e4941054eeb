package scenarios

import (
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func transferInvariants() []Invariant {
	return []Invariant{
		{"no overdraft", "no account holds less than nothing at any version", checkNoOverdraft},
		{"whole transfers", "every transfer has one debit and one credit that match, and every acknowledged one is there", checkWholeTransfers},
		{"conserved", "the money in all accounts is what was deposited, at every batch boundary of the global order", checkConserved},
	}
}

func checkNoOverdraft(f *Final) error {
	for _, name := range f.streams() {
		balance := int64(0)
		err := f.facts(name, func(_ *eventcore.Recorded, said fact) error {
			if balance += said.change(); balance < 0 {
				return fmt.Errorf("the account holds %d", balance)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// booking is the one half of a transfer.
type booking struct {
	account, peer eventcore.StreamID
	amount        int64
}

// bookings finds the halves of a sort by their Ref; a second one is an error.
func bookings(f *Final, sort string) (map[uint64]booking, error) {
	found := make(map[uint64]booking)
	err := f.eachFact(func(e *eventcore.Recorded, said fact) error {
		if said.Type != sort {
			return nil
		}
		if _, twice := found[said.Ref]; twice {
			return fmt.Errorf("%d was %s before", said.Ref, sort)
		}
		found[said.Ref] = booking{e.Stream, said.Peer, said.N}
		return nil
	})
	return found, err
}

func checkWholeTransfers(f *Final) error {
	debits, errDebits := bookings(f, typeDebited)
	credits, errCredits := bookings(f, typeCredited)
	deposits, errDeposits := bookings(f, typeDeposited)
	if err := errors.Join(errDebits, errCredits, errDeposits); err != nil {
		return err
	}
	matched := f.eachFact(func(_ *eventcore.Recorded, said fact) error {
		if said.Type == typeDeposited {
			return nil
		}
		debit, hasDebit := debits[said.Ref]
		credit, hasCredit := credits[said.Ref]
		switch {
		case !hasCredit:
			return fmt.Errorf("there is no credit for transfer %d", said.Ref)
		case !hasDebit:
			return fmt.Errorf("there is no debit for transfer %d", said.Ref)
		case debit != booking{credit.peer, credit.account, credit.amount}:
			return fmt.Errorf("transfer %d takes %d from %q for %q, but the credit is %d to %q from %q",
				said.Ref, debit.amount, debit.account, debit.peer, credit.amount, credit.account, credit.peer)
		default:
			return nil
		}
	})
	if matched != nil {
		return matched
	}
	for i := range f.Results {
		r := &f.Results[i]
		if r.Outcome != eventcore.OutcomeApplied {
			continue
		}
		missing := false
		switch r.Op.Do {
		case "deposit":
			missing = deposits[r.Ref] != booking{account: r.Op.Streams[0], amount: r.Op.Amount}
		case "transfer":
			missing = debits[r.Ref] != booking{r.Op.Streams[0], r.Op.Streams[1], r.Op.Amount}
		}
		if missing {
			return fmt.Errorf("%s was applied, but its events are not in the log", r.describe())
		}
	}
	return nil
}

// checkConserved uses that the events of one append follow one another: money is on
// its way only between a debit and the credit right behind it.
func checkConserved(f *Final) error {
	var debit fact
	moving := false
	for i := range f.Global {
		err := f.withFact(&f.Global[i], func(_ *eventcore.Recorded, said fact) error {
			switch arrives := said.Type == typeCredited; {
			case moving && (!arrives || said.Ref != debit.Ref || said.N != debit.N):
				return fmt.Errorf("%d of transfer %d is on its way when another batch begins", debit.N, debit.Ref)
			case !moving && arrives:
				return fmt.Errorf("%d of transfer %d arrives from nowhere", said.N, said.Ref)
			}
			moving, debit = said.Type == typeDebited, said
			return nil
		})
		if err != nil {
			return err
		}
	}
	if moving {
		return fmt.Errorf("%d of transfer %d never arrives", debit.N, debit.Ref)
	}
	return nil
}

package eventcoretest_test

import (
	"fmt"

	"github.com/eventcore-go/eventcore-sim/eventcore/eventcoretest"
)

// printer stands for the *testing.T of a test.
type printer struct{}

func (printer) Helper() {}

func (printer) Fatalf(format string, args ...any) { fmt.Printf(format, args...) }

func ExampleGiven() {
	var t printer // in a test, its *testing.T
	given := eventcoretest.Given[int](t, registry(),
		to(alice, PaidIn{100}))

	given.When(&Pay{From: alice, To: bob, Cents: 60}).
		Then(to(alice, PaidOut{60, "bob"}), to(bob, PaidIn{60}))
	given.When(&Pay{From: alice, To: bob, Cents: 101}).
		ThenError(ErrTooLittle)

	// What fails is shown as a difference.
	given.When(&Pay{From: alice, To: bob, Cents: 60}).
		Then(to(alice, PaidOut{60, "carol"}), to(bob, PaidIn{60}))
	// Output:
	// the command emitted other events (- wanted, + emitted):
	//   alice: paid out {
	//     "Cents": 60,
	// -   "To": "carol"
	// +   "To": "bob"
	//   }
	//   bob: paid in {
	//     "Cents": 60
	//   }
}

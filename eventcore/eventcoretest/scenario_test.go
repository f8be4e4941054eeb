package eventcoretest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/eventcoretest"
)

// recorder keeps what a scenario says of a failed test.
type recorder struct{ said string }

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) { r.said += fmt.Sprintf(format, args...) }

func TestScenarioPassesWhatIsRight(t *testing.T) {
	given := eventcoretest.Given[int](t, registry(), to(alice, PaidIn{100}), to(bob, PaidIn{1}), to(alice, PaidOut{30, "x"}))
	given.When(&Pay{alice, bob, 60}).Then(to(alice, PaidOut{60, "bob"}), to(bob, PaidIn{60}))
	given.When(&Pay{alice, bob, 70}).Then(to(alice, PaidOut{70, "bob"}), to(bob, PaidIn{70}))
	given.When(&Pay{alice, bob, 71}).ThenError(ErrTooLittle)
	given.When(&Pay{alice, bob, 0}).Then()
	eventcoretest.Given[int, AccountEvent](t, registry()).When(&Pay{alice, bob, 1}).ThenError(ErrTooLittle)
	require.NoError(t, given.When(&Pay{alice, bob, 1}).Err())
	require.ErrorIs(t, given.When(&Pay{alice, bob, 100}).Err(), ErrTooLittle)
}

func TestScenarioSaysWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		test       func(tb eventcoretest.TB)
	}{
		{"another event", `the command emitted other events (- wanted, + emitted):
  alice: paid out {
-   "Cents": 50,
+   "Cents": 60,
    "To": "bob"
  }
  bob: paid in {
    "Cents": 60
  }
`, func(tb eventcoretest.TB) { paying(tb, 60).Then(to(alice, PaidOut{50, "bob"}), to(bob, PaidIn{60})) }},
		{"another order", `the command emitted other events (- wanted, + emitted):
- bob: paid in {
-   "Cents": 60
- }
  alice: paid out {
    "Cents": 60,
    "To": "bob"
  }
+ bob: paid in {
+   "Cents": 60
+ }
`, func(tb eventcoretest.TB) { paying(tb, 60).Then(to(bob, PaidIn{60}), to(alice, PaidOut{60, "bob"})) }},
		{"another stream", `the command emitted other events (- wanted, + emitted):
  alice: paid out {
    "Cents": 60,
    "To": "bob"
  }
- alice: paid in {
+ bob: paid in {
    "Cents": 60
  }
`, func(tb eventcoretest.TB) { paying(tb, 60).Then(to(alice, PaidOut{60, "bob"}), to(alice, PaidIn{60})) }},
		{"none", `the command emitted other events (- wanted, + emitted):
- alice: paid in {
-   "Cents": 1
- }
+ no events
`, func(tb eventcoretest.TB) { paying(tb, 0).Then(to(alice, PaidIn{1})) }},
		{"error instead of events", `the command ended with an error: there is too little on the account
wanted were
  alice: paid in {
    "Cents": 1
  }`, func(tb eventcoretest.TB) { paying(tb, 101).Then(to(alice, PaidIn{1})) }},
		{"error instead of none", `the command ended with an error: there is too little on the account
wanted were
  no events`, func(tb eventcoretest.TB) { paying(tb, 101).Then() }},
		{"events instead of an error", `the command did not end with the error "there is too little on the account"; it emitted
  no events`, func(tb eventcoretest.TB) { paying(tb, 0).ThenError(ErrTooLittle) }},
		{"another error", `the command ended with another error
  wanted: other
     got: there is too little on the account`, func(tb eventcoretest.TB) { paying(tb, 101).ThenError(errors.New("other")) }},
		{
			"no error named", `ThenError was given no error; use Then for a command that is to succeed`,
			func(tb eventcoretest.TB) { paying(tb, 0).ThenError(nil) },
		},
	} {
		var r recorder
		tc.test(&r)
		require.Equal(t, tc.want, r.said, tc.name)
	}
}

func paying(tb eventcoretest.TB, cents int) *eventcoretest.Result[AccountEvent] {
	return eventcoretest.Given[int](tb, registry(), to(alice, PaidIn{100})).When(&Pay{alice, bob, cents})
}

func TestScenarioRefusesEventsThatCannotBeRecorded(t *testing.T) {
	for _, test := range []struct {
		want string
		test func(tb eventcoretest.TB)
	}{
		{"given: encode event {C:<nil>} for stream \"alice\"", func(tb eventcoretest.TB) {
			eventcoretest.Given[int](tb, registry(), to(alice, Unwritable{}))
		}},
		{"the stream ID is the zero value", func(tb eventcoretest.TB) {
			eventcoretest.Given[int](tb, registry(), to(eventcore.StreamID{}, PaidIn{1}))
		}},
		{"then: encode event {C:<nil>} for stream \"alice\"", func(tb eventcoretest.TB) { paying(tb, 0).Then(to(alice, Unwritable{})) }},
	} {
		var r recorder
		test.test(&r)
		require.Contains(t, r.said, test.want)
	}
}

func TestScenarioGoesThroughTheCodec(t *testing.T) {
	var r recorder
	other := eventcore.NewRegistry() // it knows the events given, not those emitted
	eventcore.MustRegister[PaidIn](other, "paid in")
	result := eventcoretest.Given[int](&r, other, to(alice, PaidIn{100})).When(&Pay{alice, bob, 60})
	_, ok := errors.AsType[*eventcore.SerializationFailed](result.Err())
	require.True(t, ok, "%v", result.Err())
	require.Empty(t, r.said)
}

func TestScenarioPassesOptionsOn(t *testing.T) {
	result := eventcoretest.Given[int](t, registry(), to(alice, PaidIn{100})).
		When(&Pay{alice, bob, 60}, eventcore.WithMetadata([]byte("{")))
	require.ErrorContains(t, result.Err(), "the metadata is not JSON")
}

func TestLongTextsDifferInFewLines(t *testing.T) {
	var given, want []eventcore.Emit[AccountEvent]
	for i := range 100 {
		given = append(given, to(alice, PaidIn{i}))
		want = append(want, to(alice, PaidIn{i}))
	}
	want[50] = to(alice, PaidIn{-1})
	var r recorder
	eventcoretest.Given[int](&r, registry(), given...).When(&replay{alice}).Then(want...)
	changed := 0
	for line := range strings.Lines(r.said) {
		if strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "+ ") {
			changed++
		}
	}
	require.Equal(t, 2, changed, r.said)
}

// replay emits what it reads.
type replay struct{ stream eventcore.StreamID }

func (r *replay) Streams() []eventcore.StreamID { return []eventcore.StreamID{r.stream} }

func (r *replay) Apply(n int, _ eventcore.Event[AccountEvent]) int { return n + 1 }

func (r *replay) Handle(n int) ([]eventcore.Emit[AccountEvent], error) {
	var emits []eventcore.Emit[AccountEvent]
	for i := range n {
		emits = append(emits, to(r.stream, PaidIn{i}))
	}
	return emits, nil
}

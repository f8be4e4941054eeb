package chaos_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/chaos"
)

func TestPlanTextMeansThePlan(t *testing.T) {
	tests := map[string]chaos.Plan{
		"none":   {},
		" none ": {},
		"fail-after=5%": {
			Rates: []chaos.Rate{{Kind: chaos.FailAfter, P: 0.05}},
		},
		"delay=10%~20ms,cancel=0.07%\n\tconflict=100%": {
			Rates: []chaos.Rate{
				{Kind: chaos.Delay, P: 0.1, Delay: 20 * time.Millisecond},
				{Kind: chaos.Cancel, P: 0.0007},
				{Kind: chaos.Conflict, P: 1},
			},
		},
		"decode-error@c2.5+3, delay-after@c0.1~15ms delay@c0.2": {
			Faults: []chaos.Fault{
				{Kind: chaos.DecodeError, Client: 2, Call: 5, After: 3},
				{Kind: chaos.DelayAfter, Call: 1, Delay: 15 * time.Millisecond},
				{Kind: chaos.Delay, Call: 2, Delay: chaos.DefaultDelay},
			},
		},
	}
	for text, want := range tests {
		got, err := chaos.ParsePlan(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestPlanErrorsNameTheItemAndTheWayOut(t *testing.T) {
	tests := []struct{ text, item, wayOut string }{
		{"", "empty", "write none"},
		{" , ", "empty", "write none"},
		{"none fail-after=5%", `"none"`, "leave it or them out"},
		{"fail-after", `"fail-after"`, "such as fail-after=5%"},
		{"delay=5%, fail-aftr=5%", `"fail-aftr=5%"`, "fail-before, lost-request, fail-after, conflict, delay, decode-error, fail-read, cancel, delay-after"},
		{"nope@c0.1", `"nope@c0.1"`, "the kinds are"},
		{"conflict=5", `"conflict=5"`, "such as 5%"},
		{"conflict=-5%", `"conflict=-5%"`, "such as 5%"},
		{"conflict=1e1%", `"conflict=1e1%"`, "such as 5%"},
		{"conflict=0x1%", `"conflict=0x1%"`, "such as 5%"},
		{"conflict=%", `"conflict=%"`, "such as 5%"},
		{"conflict=0%", "conflict=0%", "above 0% and at most 100%"},
		{"conflict=100.5%", "conflict=100.5%", "above 0% and at most 100%"},
		{"conflict=5%~3ms", "conflict=5%~3ms", "leave out ~3ms"},
		{"delay=5%~fast", `"delay=5%~fast"`, "such as 15ms"},
		{"delay=5%~0s", `"delay=5%~0s"`, "positive"},
		{"delay=5%~25h", "delay=5%~25h0m0s", "at most 24h"},
		{"conflict=1% conflict=2%", "conflict=2%", "already has a rate"},
		{"conflict@5", `"conflict@5"`, "write cCLIENT.CALL"},
		{"conflict@c5", `"conflict@c5"`, "write cCLIENT.CALL"},
		{"conflict@c-1.0", `"conflict@c-1.0"`, "whole number"},
		{"conflict@c0.x", `"conflict@c0.x"`, "whole number"},
		{"decode-error@c0.1+", `"decode-error@c0.1+"`, "whole number"},
		{"decode-error@c0.1+-1", `"decode-error@c0.1+-1"`, "whole number"},
		{"conflict@c0.1+2", "conflict@c0.1+2", "leave out +2"},
		{"conflict@c0.1~1ms", "conflict@c0.1~1ms", "leave out ~1ms"},
		{"delay@c0.1~0ms", `"delay@c0.1~0ms"`, "positive"},
		{"fail-read@c2.5+3 cancel@c2.5", "cancel@c2.5", "already has the fault fail-read@c2.5+3; a call can have one"},
	}
	for _, tt := range tests {
		_, err := chaos.ParsePlan(tt.text)
		require.ErrorContains(t, err, tt.item, tt.text)
		require.ErrorContains(t, err, tt.wayOut, tt.text)
	}
}

func TestPlansMadeByProgramsAreChecked(t *testing.T) {
	for _, plan := range []chaos.Plan{
		{Rates: []chaos.Rate{{Kind: 0, P: 1}}},
		{Rates: []chaos.Rate{{Kind: 200, P: 1}}},
		{Rates: []chaos.Rate{{Kind: chaos.Cancel, P: math.NaN()}}},
		{Rates: []chaos.Rate{{Kind: chaos.Delay, P: 1}}},
		{Faults: []chaos.Fault{{}}},
		{Faults: []chaos.Fault{{Kind: chaos.Cancel, Client: -1}}},
		{Faults: []chaos.Fault{{Kind: chaos.Cancel, After: -1}}},
	} {
		require.Error(t, plan.Validate(), plan.String())
		require.Panics(t, func() { chaos.NewInjector(chaos.Config{Plan: plan, Clock: &tickClock{}}) }, plan.String())
		_, err := json.Marshal(plan)
		require.Error(t, err, plan.String())
	}
	delays := chaos.Plan{}.WithRate(chaos.DelayAfter, 0.5)
	require.NoError(t, delays.Validate())
	require.PanicsWithValue(t, "chaos: Config.Clock is nil but the plan has delays; set it to the clock of the run",
		func() { chaos.NewInjector(chaos.Config{Plan: delays}) })
}

func TestWithRateReplacesAndLeavesTheOriginalAlone(t *testing.T) {
	one := chaos.Plan{}.WithRate(chaos.Cancel, 0.5)
	two := one.WithRate(chaos.Cancel, 0.25).WithRate(chaos.Delay, 0.1)
	require.Equal(t, "cancel=50%", one.String())
	require.Equal(t, "cancel=25%, delay=10%~2ms", two.String())
}

// anyPlan draws valid plans.
func anyPlan(t *rapid.T) chaos.Plan {
	var plan chaos.Plan
	kinds := slices.Concat(chaos.Kinds(), chaos.RequestKinds())
	for _, info := range kinds {
		if !rapid.Bool().Draw(t, "rated") {
			continue
		}
		rate := chaos.Rate{Kind: info.Kind, P: rapid.Float64Range(math.SmallestNonzeroFloat64, 1).Draw(t, "p")}
		if info.Timed {
			rate.Delay = time.Duration(rapid.Int64Range(1, int64(chaos.MaxDelay)).Draw(t, "max"))
		}
		plan.Rates = append(plan.Rates, rate)
	}
	for call := range rapid.IntRange(0, 5).Draw(t, "faults") {
		info := rapid.SampledFrom(kinds).Draw(t, "kind")
		fault := chaos.Fault{Kind: info.Kind, Client: rapid.IntRange(0, 9).Draw(t, "client"), Call: call}
		if info.Streamed {
			fault.After = rapid.IntRange(0, 1000).Draw(t, "after")
		}
		if info.Timed {
			fault.Delay = time.Duration(rapid.Int64Range(1, int64(chaos.MaxDelay)).Draw(t, "delay"))
		}
		plan.Faults = append(plan.Faults, fault)
	}
	return plan
}

func TestEveryPlanComesBackFromItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := anyPlan(t)
		parsed, err := chaos.ParsePlan(plan.String())
		require.NoError(t, err, plan.String())
		require.Equal(t, plan, parsed)
		for _, fault := range plan.Faults {
			again, err := chaos.ParseFault(fault.String())
			require.NoError(t, err)
			require.Equal(t, fault, again)
		}
	})
}

func TestPlansAndFaultsAreTextInJSON(t *testing.T) {
	type file struct {
		Plan  chaos.Plan         `json:"plan"`
		Fault chaos.Fault        `json:"fault"`
		Count map[chaos.Kind]int `json:"count"`
	}
	var f file
	text := `{"plan":"delay=10%~20ms, cancel@c1.2","fault":"decode-error@c2.5+3","count":{"fail-read":3}}`
	require.NoError(t, json.Unmarshal([]byte(text), &f))
	data, err := json.Marshal(f)
	require.NoError(t, err)
	require.JSONEq(t, text, string(data))
	for _, bad := range []string{`{"plan":""}`, `{"fault":"x"}`, `{"count":{"x":1}}`} {
		require.Error(t, json.Unmarshal([]byte(bad), &f), bad)
	}
}

func FuzzParsePlan(f *testing.F) {
	for _, seed := range []string{
		"none", "fail-after=5%, delay=10%~20ms, decode-error@c2.5+3", "delay@c0.1~15ms", "cancel=0.30000000000000004%",
		"conflict=.5%", "conflict=5.%", "net-half-open@c0.1+5~50ms, net-cut-result@c0.1+3", "delay=1%~1h0.5s cancel@c0.0,fail-read@c00.1+07",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := chaos.ParsePlan(text)
		if err != nil {
			require.Zero(t, plan)
			return
		}
		require.NoError(t, plan.Validate())
		again, err := chaos.ParsePlan(plan.String())
		require.NoError(t, err, "%q was read from %q", plan.String(), text)
		require.Equal(t, plan, again)
		require.Equal(t, plan.String(), again.String())
	})
}

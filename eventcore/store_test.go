package eventcore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func TestFilterWantsEveryFieldSatisfied(t *testing.T) {
	prefix, err := eventcore.ParseStreamPrefix("acct-")
	require.NoError(t, err)
	pattern := parsePattern(t, "*-[0-9]")
	all := eventcore.Filter{Prefix: prefix, Pattern: pattern, Types: []string{"deposited", "withdrawn"}}
	for _, tc := range []struct {
		name         string
		filter       eventcore.Filter
		stream, kind string
		want         bool
	}{
		{"zero", eventcore.Filter{}, "anything", "any", true},
		{"prefix", eventcore.Filter{Prefix: prefix}, "acct-77", "any", true},
		{"other prefix", eventcore.Filter{Prefix: prefix}, "order-1", "any", false},
		{"pattern", eventcore.Filter{Pattern: pattern}, "order-1", "any", true},
		{"other pattern", eventcore.Filter{Pattern: pattern}, "order-x", "any", false},
		{"type", eventcore.Filter{Types: []string{"any"}}, "order-x", "any", true},
		{"part of a type", eventcore.Filter{Types: []string{"any"}}, "order-x", "anyone", false},
		{"all fields", all, "acct-7", "withdrawn", true},
		{"all but the prefix", all, "order-7", "withdrawn", false},
		{"all but the pattern", all, "acct-77", "withdrawn", false},
		{"all but the type", all, "acct-7", "closed", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, tc.filter.Match(eventcore.MustStreamID(tc.stream), tc.kind))
			require.Equal(t, tc.name == "zero", tc.filter.IsZero())
		})
	}
}

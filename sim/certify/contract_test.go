package certify_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	memstore "github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

var update = flag.Bool("update", false, "write docs/contract.md and the certificates in testdata")

// golden compares text with the file at path, or writes it there.
func golden(t *testing.T, path string, text []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, text, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text), "renew it with go test ./sim/certify -run %s -update", t.Name())
}

func TestContractListsAllRequirements(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "contract.md")
	var text bytes.Buffer
	require.NoError(t, certify.WriteContract(&text))
	golden(t, path, text.Bytes())

	listed := regexp.MustCompile(`(?m)^[0-9]+\. \*\*(R-[A-Z]+-[0-9]{2})\*\*`).FindAllStringSubmatch(text.String(), -1)
	var inList, inCode []string
	for _, m := range listed {
		inList = append(inList, m[1])
	}
	for _, r := range certify.Requirements() {
		inCode = append(inCode, r.ID)
	}
	require.Equal(t, inCode, inList)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(inCode))), len(inCode), "an ID is given twice")
}

func TestEachRuleOfTheSuiteIsARequirement(t *testing.T) {
	known := make(map[string]certify.Requirement)
	for _, r := range certify.Requirements() {
		require.Contains(t, certify.Levels(), r.Level, r.ID)
		require.NotEmpty(t, r.Check, r.ID)
		require.True(t, strings.HasSuffix(r.Why, "."), r.ID)
		known[r.ID] = r
	}
	for _, r := range storetest.Requirements() {
		require.Equal(t, r.Rule, known[r.ID].Rule)
		require.Equal(t, r.Why, known[r.ID].Why)
	}
}

// narrow is a store that cannot do something about appends.
type narrow struct {
	*memstore.Store

	cannot scenarios.Demand
}

var errCannot = errors.New("this store cannot do that")

func (s narrow) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	written := make(map[int]bool)
	for _, e := range w.Events() {
		written[e.Participant] = true
	}
	cannot := len(written) > 1
	if s.cannot == scenarios.ReadOnly {
		cannot = len(written) < len(w.Participants())
	}
	if cannot {
		return eventcore.Appended{}, &eventcore.StoreFailure{Operation: eventcore.OpAppend, Err: errCannot}
	}
	return s.Store.Append(ctx, w)
}

// TestRulesThatAbilitiesCost shows that the rules which need an ability are those that a
// store without it breaks, and no other.
func TestRulesThatAbilitiesCost(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the suite twice; left out with -short")
	}
	for _, cannot := range scenarios.Demands() {
		t.Run(string(cannot), func(t *testing.T) {
			open := func(context.Context) (eventcore.Store, error) {
				return narrow{memstore.New(memstore.Config{}), cannot}, nil
			}
			same := func(_ context.Context, s eventcore.Store) (eventcore.Store, error) { return s, nil }
			outcomes, err := storetest.Outcomes(t.Context(), open, storetest.Without("R-LAZY"),
				storetest.WithReopen(same), storetest.WithSecondHandle(same),
				storetest.WithResources(func(eventcore.Store) map[string]int { return nil }))
			require.NoError(t, err)
			var broken, needing []string
			for i := range outcomes {
				if outcomes[i].Err != nil {
					broken = append(broken, outcomes[i].ID)
				}
			}
			for _, r := range certify.Requirements() {
				if slices.Contains(r.Needs, certify.Ability(cannot)) && slices.ContainsFunc(outcomes, func(o storetest.Outcome) bool { return o.ID == r.ID }) {
					needing = append(needing, r.ID)
				}
			}
			require.Equal(t, needing, broken, fmt.Sprint(cannot))
		})
	}
}

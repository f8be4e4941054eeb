package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

func newMemory(context.Context) (eventcore.Store, error) { return memory.New(memory.Config{}), nil }

func TestRunPassesARightStore(t *testing.T) {
	storetest.Run(t, func(testing.TB) eventcore.Store { return newHooked(nil) }, withAll()...)
}

// optional are the groups whose rules need an option.
func optional() storetest.Option { return storetest.Without("R-REOPEN", "R-HANDLE", "R-RES") }

func TestCheckPassesARightStore(t *testing.T) {
	require.NoError(t, storetest.Check(t.Context(), newMemory, optional()))
}

// deadline is long for a store in memory and short for one that hangs.
const deadline = 500 * time.Millisecond

// only leaves out all rules but these.
func only(ids ...string) storetest.Option {
	var others []string
	for _, r := range storetest.Requirements() {
		if !slices.Contains(ids, r.ID) {
			others = append(others, r.ID)
		}
	}
	return storetest.Without(others...)
}

func TestEachPlantedBugBreaksItsRules(t *testing.T) {
	for _, b := range brokenStores() {
		t.Run(b.bug, func(t *testing.T) {
			limit := 20 * time.Second
			if slices.ContainsFunc(b.breaks, hangs) {
				limit = deadline
			}
			for _, id := range b.breaks {
				err := storetest.Check(t.Context(), opens(b.plant), withAll(only(id), storetest.WithDeadline(limit))...)
				require.ErrorContains(t, err, id+" (", "the bug is not found")
				if !hangs(id) {
					require.NotContains(t, err.Error(), "did not end within", "the bug is found by its symptom, not by the clock")
				}
			}
		})
	}
}

// hangs says whether a rule is broken by a store that hangs.
func hangs(id string) bool {
	return slices.Contains([]string{"R-READ-09", "R-READ-10", "R-ALL-13", "R-ALL-28"}, id)
}

func TestEachRuleIsBrokenByAPlantedBug(t *testing.T) {
	caught := make(map[string]bool)
	for _, b := range brokenStores() {
		require.NotEmpty(t, b.breaks, b.bug)
		for _, id := range b.breaks {
			caught[id] = true
		}
	}
	for _, r := range storetest.Requirements() {
		require.True(t, caught[r.ID], "no planted bug shows that the check of %s (%s) can fail: %s", r.ID, r.Source, r.Rule)
	}
}

// TestNoBugIsPlantedByTheTestsThemselves shows that hooked alone keeps all rules.
func TestNoBugIsPlantedByTheTestsThemselves(t *testing.T) {
	require.NoError(t, storetest.Check(t.Context(), opens(nil), withAll()...))
}

func TestRequirementsAreNumberedAndSayWhereTheyAre(t *testing.T) {
	last := make(map[string]int)
	for _, r := range storetest.Requirements() {
		parts := regexp.MustCompile(`^R-([A-Z]+)-([0-9]{2})$`).FindStringSubmatch(r.ID)
		require.Len(t, parts, 3, r.ID)
		require.Equal(t, strings.ToLower(parts[1]), r.Group)
		last[r.Group]++
		require.Equal(t, fmt.Sprintf("%02d", last[r.Group]), parts[2], r.ID)
		require.NotEmpty(t, r.Rule)
		require.True(t, strings.HasSuffix(r.Why, "."), r.ID)

		var file string
		var line int
		_, err := fmt.Sscanf(strings.Replace(r.Source, ":", " ", 1), "%s %d", &file, &line)
		require.NoError(t, err, r.Source)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, strings.Split(string(text), "\n")[line-1], r.ID, r.Source)
	}
	require.Greater(t, len(last), 7)
}

// streamsOnly is a store without a global order.
type streamsOnly struct{ eventcore.Store }

func newStreamsOnly(context.Context) (eventcore.Store, error) {
	return streamsOnly{memory.New(memory.Config{})}, nil
}

func TestCheckNeverPassesSilentlyWhatItDidNotCheck(t *testing.T) {
	err := storetest.Check(t.Context(), newStreamsOnly)
	for _, r := range storetest.Requirements() {
		if r.Needs != "" {
			require.ErrorContains(t, err, r.ID+" (")
		} else {
			require.NotContains(t, err.Error(), r.ID+" (")
		}
	}
	require.ErrorContains(t, err, "storetest.WithoutAllReader")
	require.ErrorContains(t, err, `storetest.Without("R-HANDLE")`)
	require.NoError(t, storetest.Check(t.Context(), newStreamsOnly, optional(), storetest.WithoutAllReader()))
	require.NoError(t, storetest.Check(t.Context(), newStreamsOnly, optional(), storetest.Without("R-ALL")))
}

func TestAWrongOptionIsAnError(t *testing.T) {
	for _, name := range []string{"R-APPEND-99", "R-APP", "", "R-APPEND-", "append", "R-ALL-1"} {
		require.ErrorContains(t, storetest.Check(t.Context(), newMemory, storetest.Without(name)), "fits no requirement", name)
	}
	require.ErrorContains(t, storetest.Check(t.Context(), newMemory, storetest.WithDeadline(0)), "positive")
	require.ErrorContains(t, storetest.Check(t.Context(), newMemory, storetest.WithLongStream(100)), "the long stream has 100 events")
}

func TestAFailureQuotesItsRuleAndSource(t *testing.T) {
	ignoresParticipants := onAppend(func(ctx context.Context, w eventcore.Writes, inner appendFunc) (eventcore.Appended, error) {
		return inner(ctx, keeping(w, func(p eventcore.Participant) bool { return p.Events > 0 }))
	})
	err := storetest.Check(t.Context(), func(context.Context) (eventcore.Store, error) {
		return newHooked(ignoresParticipants), nil
	}, only("R-APPEND-03"))
	require.Error(t, err)
	require.Regexp(t, `^R-APPEND-03 \(append\.go:\d+\): a moved read-only participant refuses the append: .*got no error, want a version conflict$`, err.Error())
}

// closing counts how often it is closed.
type closing struct {
	eventcore.Store
	closed *int
	err    error
}

func (c closing) Close() error {
	*c.closed++
	return c.err
}

func TestEachStoreIsClosedOnceAndItsErrorIsReported(t *testing.T) {
	opened, closed := 0, 0
	open := func(err error) func(context.Context) (eventcore.Store, error) {
		return func(context.Context) (eventcore.Store, error) {
			opened++
			return closing{memory.New(memory.Config{}), &closed, err}, nil
		}
	}
	require.NoError(t, storetest.Check(t.Context(), open(nil), only("R-APPEND-01", "R-READ-01", "R-READ-02")))
	require.Equal(t, 3, opened)
	require.Equal(t, 3, closed)

	cause := errors.New("still in use")
	err := storetest.Check(t.Context(), open(cause), only("R-READ-01"))
	require.ErrorIs(t, err, cause)
	require.ErrorContains(t, err, "R-READ-01 (")
	require.Equal(t, 4, closed)

	// Without ReadAll a store is opened to find out, and closed.
	require.Error(t, storetest.Check(t.Context(), open(nil), only("R-ALL-01")))
	require.Equal(t, 5, closed)
}

func TestWhatIsNoStoreAtAllIsReported(t *testing.T) {
	cause := errors.New("no such server")
	err := storetest.Check(t.Context(), func(context.Context) (eventcore.Store, error) { return nil, cause }, withAll()...)
	require.ErrorIs(t, err, cause)
	for _, r := range storetest.Requirements() {
		require.ErrorContains(t, err, r.ID+" (")
	}
	err = storetest.Check(t.Context(), func(context.Context) (eventcore.Store, error) { return nil, nil }, only("R-READ-01"))
	require.ErrorContains(t, err, "newStore returned nil")

	err = storetest.Check(t.Context(), func(context.Context) (eventcore.Store, error) {
		return newHooked(func(s *hooked) { s.append = nil }), nil
	}, only("R-READ-01"))
	require.ErrorContains(t, err, "R-READ-01 (")
	require.ErrorContains(t, err, "panic: ")
}

func TestACheckThatIsCutShortIsNoPass(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := storetest.Check(ctx, newMemory)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "stopped before R-APPEND-01")
}

func TestAHangIsReportedWithItsRule(t *testing.T) {
	err := storetest.Check(t.Context(), func(context.Context) (eventcore.Store, error) {
		return newHooked(onAppend(func(context.Context, eventcore.Writes, appendFunc) (eventcore.Appended, error) {
			select {}
		})), nil
	}, only("R-APPEND-01", "R-READ-02"), storetest.WithDeadline(20*time.Millisecond))
	require.ErrorContains(t, err, "R-APPEND-01 (")
	require.ErrorContains(t, err, "R-READ-02 (", "a hang must not keep the other rules from being checked")
	require.ErrorContains(t, err, "the check hangs")
}

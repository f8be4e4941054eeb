package storetest_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
)

// childVariable tells the test binary that it runs inside of one of its tests, which
// looks at its output: a sub-test that fails or is skipped cannot be seen otherwise.
const childVariable = "STORETEST_CHILD"

func TestChild(t *testing.T) {
	switch os.Getenv(childVariable) {
	case "streams only":
		storetest.Run(t, func(testing.TB) eventcore.Store { return streamsOnly{memory.New(memory.Config{})} }, storetest.Without("R-CTX"))
	case "broken":
		storetest.Run(t, func(testing.TB) eventcore.Store { return newHooked(without(readOnly)) })
	case "wrong option":
		storetest.Run(t, func(testing.TB) eventcore.Store { return memory.New(memory.Config{}) }, storetest.Without("R-NONE"))
	default:
		t.Skip("runs inside of other tests only")
	}
}

func child(t *testing.T, what string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), childVariable+"="+what)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

func TestRunSkipsLoudlyWhatItCannotCheck(t *testing.T) {
	output, err := child(t, "streams only")
	require.NoError(t, err, output)
	for _, r := range storetest.Requirements() {
		switch r.Group {
		case "all":
			require.Regexp(t, "--- SKIP: TestChild/"+r.ID+"_", output)
			require.Contains(t, output, r.ID+` is not checked: the store has no ReadAll`)
		case "reopen", "handle", "res":
			require.Regexp(t, "--- SKIP: TestChild/"+r.ID+"_", output)
			require.Regexp(t, r.ID+` is not checked: storetest.With\w+ is not given`, output)
		case "ctx":
			require.Regexp(t, "--- SKIP: TestChild/"+r.ID+"_", output)
			require.Contains(t, output, r.ID+" is left out by storetest.Without")
		default:
			require.Regexp(t, "--- PASS: TestChild/"+r.ID+"_", output)
		}
	}
}

func TestRunFailsWithTheRuleAndWhy(t *testing.T) {
	output, err := child(t, "broken")
	require.Error(t, err)
	require.Regexp(t, `--- FAIL: TestChild/R-APPEND-03_a_moved_read-only_participant_refuses_the_append`, output)
	require.Regexp(t, `R-APPEND-03 \(append\.go:\d+\): a moved read-only participant refuses the append: .*, want a version conflict\n\s+why: A command depends on what it read`, output)
	require.Regexp(t, "--- PASS: TestChild/R-READ-01_", output)

	output, err = child(t, "wrong option")
	require.Error(t, err)
	require.Contains(t, output, `Without("R-NONE") fits no requirement`)
}

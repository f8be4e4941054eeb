package certify_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// gotest runs go test with arguments in the module's folder.
func gotest(t *testing.T, args ...string) (output string, passed bool) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs test binaries; left out with -short")
	}
	return run(t, filepath.Join("..", ".."), "go", append([]string{"test", "-count=1"}, args...)...)
}

func run(t *testing.T, dir, name string, args ...string) (output string, passed bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	return string(out), err == nil
}

// certification builds the memory backend's tests and returns what runs its certification.
func certification(t *testing.T) func(flags ...string) (output string, passed bool) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "memory.test")
	output, passed := gotest(t, "-c", "-o", binary, "./backends/memory")
	require.True(t, passed, output)
	return func(flags ...string) (string, bool) {
		t.Helper()
		return run(t, filepath.Join("..", "..", "backends", "memory"), binary,
			append([]string{"-test.run=TestCertify", "-test.v"}, flags...)...)
	}
}

func TestFlagsChooseTheRuns(t *testing.T) {
	certify := certification(t)
	output, passed := certify("-sim.seed=7", "-sim.scenario=transfers", "-sim.verify")
	require.True(t, passed, output)
	require.Contains(t, output, "1 runs, ")
	require.Contains(t, output, "TestCertify/transfers")
	require.NotContains(t, output, "TestCertify/mixed")
	require.Contains(t, output, "TestCertify/contract")

	output, passed = certify("-sim.backend=postgres")
	require.True(t, passed, output)
	require.Contains(t, output, "backend memory is left out: -sim.backend=postgres")
}

func TestBadFlagsAreNamed(t *testing.T) {
	certify := certification(t)
	for flag, want := range map[string]string{
		"-sim.scenario=transfer": `-sim.scenario: scenarios: "transfer" is not known`,
		"-sim.faults=explode=1%": `-sim.faults: `,
		"-sim.mutant=none":       `-sim.mutant: `,
		"-sim.scheduler=fair":    `unknown scheduler "fair"; known: random, round-robin`,
		"-sim.file=none.json":    `-sim.file: `,
	} {
		output, passed := certify(flag, "-sim.seeds=1")
		require.False(t, passed, flag)
		require.Contains(t, output, want)
		require.NotContains(t, output, "TestCertify/contract", "it is told before anything is run")
	}
}

func TestPlantedBugFailsTheTestAndIsReplayedFromItsFile(t *testing.T) {
	certify := certification(t)
	folder := filepath.Join("..", "..", "backends", "memory", "testdata")
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	require.NoDirExists(t, folder, "left over from a failed certification: look at it, then remove it")

	output, passed := certify("-sim.mutant=lost-append", "-sim.scenario=contention", "-sim.seeds=50")
	require.False(t, passed, output)
	require.Contains(t, output, "VIOLATION: ")
	require.Contains(t, output, "mutant lost-append")

	line := regexp.MustCompile(`go test -run '\^TestCertify\$' (-sim\.file=\S+)`).FindStringSubmatch(output)
	require.NotNil(t, line, output)
	replayed, passed := certify(line[1])
	require.False(t, passed, "a replay that shows the bug is red")
	require.Contains(t, replayed, "VIOLATION: ")
	require.Equal(t, trace(t, output), trace(t, replayed))
}

// trace returns the trace hash that a report shows.
func trace(t *testing.T, output string) string {
	t.Helper()
	hash := regexp.MustCompile(`trace [0-9a-f]{16}`).FindString(output)
	require.NotEmpty(t, hash, output)
	return hash
}

// Every go test line of the README does what it says.
func TestREADMECommandsPass(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	lines := regexp.MustCompile(`(?m)^go test (\./backends/memory .*)$`).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, lines)
	for _, line := range lines {
		output, passed := gotest(t, strings.Fields(line[1])...)
		require.True(t, passed, "go test %s\n%s", line[1], output)
	}
}

package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the output of simrun into README.md")

// The README's transcripts are what the commands print. Only real time and the
// folder of failing runs are left out of the comparison.
func TestREADMETranscriptsAreWhatTheCommandsPrint(t *testing.T) {
	path, err := filepath.Abs(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	readme := string(text)

	t.Chdir(t.TempDir()) // simrun-out is written here
	blocks := regexp.MustCompile("(?s)```\n\\$ go run \\./cmd/simrun ([^\n]*)\n(.*?)```").FindAllStringSubmatch(readme, -1)
	require.GreaterOrEqual(t, len(blocks), 2, "README.md shows no command with its output")
	for _, block := range blocks {
		var out bytes.Buffer
		args := strings.Fields(block[1])
		if args[0] == "run" {
			// A busy machine must not cut the search short: its end is the same everywhere.
			args = append(args, "--shrink", "10m")
		}
		newBackends().execute(t.Context(), args, &out, &out)
		got := strings.TrimRight(out.String(), "\n") + "\n"
		readme = strings.Replace(readme, block[0], "```\n$ go run ./cmd/simrun "+block[1]+"\n"+got+"```", 1)
		if !*update {
			require.Equal(t, timeless(block[2]), timeless(got), "run the test with -update: simrun %s", block[1])
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(readme), 0o644))
	}
}

// timeless removes what depends on real time.
func timeless(s string) string {
	s = regexp.MustCompile(` in [\d.]+ s \(.*\)`).ReplaceAllString(s, "")
	return strings.TrimSpace(s)
}

// Every flag and command that the README names exists.
func TestREADMENamesOnlyFlagsThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	_, runHelp, _ := simrun(t, "run", "--help")
	_, replayHelp, _ := simrun(t, "replay", "--help")
	_, shrinkHelp, _ := simrun(t, "shrink", "--help")
	_, parallelHelp, _ := simrun(t, "parallel", "--help")
	_, certifyHelp, _ := simrun(t, "certify", "--help")
	for _, name := range regexp.MustCompile("[ `](--[a-z-]+)").FindAllStringSubmatch(string(text), -1) {
		if name[1] == "--help" {
			continue
		}
		require.Contains(t, runHelp+replayHelp+shrinkHelp+parallelHelp+certifyHelp, name[1])
	}
}

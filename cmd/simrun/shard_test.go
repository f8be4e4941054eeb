package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// seedsRun returns the seeds that simrun runs with these flags, sorted: each fails, with a
// check that disagrees.
func seedsRun(t *testing.T, args ...string) (seeds []uint64) {
	t.Helper()
	known := newBackends()
	known.check = func(context.Context, linearizability.History, linearizability.Options) linearizability.Report {
		return linearizability.Report{Verdict: linearizability.Disagreement, Reason: "so that each seed is reported"}
	}
	var out strings.Builder
	all := append([]string{
		"run", "--backend", "memory", "--scenario", "contention", "--keep-going", "--json", "--shrink", "0", "--out", t.TempDir(),
	}, args...)
	known.execute(t.Context(), all, &out, &out)
	for line := range strings.Lines(out.String()) {
		var run struct {
			Seed *uint64 `json:"seed"`
		}
		if json.Unmarshal([]byte(line), &run) == nil && run.Seed != nil {
			seeds = append(seeds, *run.Seed)
		}
	}
	slices.Sort(seeds)
	return seeds
}

func TestShardsHaveEachSeedOnce(t *testing.T) {
	all := seedsRun(t, "--seed", "5", "--seeds", "17")
	require.Len(t, all, 17)
	var parts []uint64
	for n := 1; n <= 4; n++ {
		part := seedsRun(t, "--seed", "5", "--seeds", "17", "--shard", fmt.Sprintf("%d/4", n))
		t.Setenv(completionIndex, fmt.Sprint(n-1))
		require.Equal(t, part, seedsRun(t, "--seed", "5", "--seeds", "17", "--shards", "4"))
		parts = append(parts, part...)
	}
	slices.Sort(parts)
	require.Equal(t, all, parts)
}

func TestShardsThatAreNoneAreRefused(t *testing.T) {
	for args, want := range map[string]string{
		"--shard 0/4":             `"0/4" is none; give 1/5 for the first of five`,
		"--shard 5/4":             `"5/4" is none`,
		"--shard two":             `"two" is none`,
		"--shard 1/2 --shards 2":  "give one of them",
		"--shards -1":             "-1 is negative",
		"--shards 4":              "JOB_COMPLETION_INDEX is not set",
		"--shard 4/4 --seeds 3":   "shard 4 of 4 has none of the 3 seeds; let there be more seeds or fewer shards",
		"--shard 2/2 --seed 1000": "has none of the 1 seeds",
	} {
		t.Run(args, func(t *testing.T) {
			code, out, errors := simrun(t, append([]string{"run", "--backend", "memory"}, strings.Fields(args)...)...)
			require.Equal(t, exitUsage, code)
			require.Contains(t, out+errors, want)
		})
	}
	t.Setenv(completionIndex, "4")
	code, out, errors := simrun(t, "run", "--shards", "4")
	require.Equal(t, exitUsage, code)
	require.Contains(t, out+errors, `JOB_COMPLETION_INDEX is "4"; it must be 0 to 3`)
}

// TestTheExamplesOfShardsAreGoodForSomething takes the commands of the examples for
// Kubernetes and for CI and looks whether there are such flags.
func TestTheExamplesOfShardsAreGoodForSomething(t *testing.T) {
	_, help, _ := simrun(t, "run", "--help")
	for _, name := range []string{"kubernetes-job.yaml", "ci-matrix.yml"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", "shards", name))
		require.NoError(t, err)
		code := regexp.MustCompile(`(?m)^ *#.*$`).ReplaceAllString(string(text), "")
		flags := regexp.MustCompile(`--[a-z-]+`).FindAllString(code, -1)
		require.NotEmpty(t, flags, name)
		for _, flag := range flags {
			require.Contains(t, help, flag, name)
		}
	}
	job, err := os.ReadFile(filepath.Join("..", "..", "docs", "shards", "kubernetes-job.yaml"))
	require.NoError(t, err)
	number := func(of string) string {
		return regexp.MustCompile(of + `(\d+)`).FindStringSubmatch(string(job))[1]
	}
	require.Equal(t, number("completions: "), number("--shards="), "each shard is one completion")
	require.Contains(t, string(job), "completionMode: Indexed")
}

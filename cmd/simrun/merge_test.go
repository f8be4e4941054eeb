package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMergeRunsSeeds(t *testing.T) {
	code, out, _ := simrun(t, "merge", "--seed", "3", "--seeds", "2")
	require.Equal(t, exitPass, code, out)
	require.Contains(t, out, "2 runs passed")
	code, again, _ := simrun(t, "merge", "--seed", "3")
	require.Equal(t, exitPass, code)
	_, twice, _ := simrun(t, "merge", "--seed", "3")
	require.Equal(t, again, twice)
	code, _, stderr := simrun(t, "merge", "--seeds", "0")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--seeds")
}

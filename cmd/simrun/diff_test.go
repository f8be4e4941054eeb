package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiffShowsWhereAPlantedBugAnswersOtherwise(t *testing.T) {
	file := filepath.Join("..", "..", "seeds", "unchecked-participant-memory-unchecked-participant-write-skew-6.json")
	code, stdout, stderr := simrun(t, "diff", file, "--backend", "memory,file,sqlite")
	require.Equal(t, exitViolation, code, stdout+stderr)
	require.Regexp(t, `(?m)^memory +bit-deterministic +\d+ calls +violation$`, stdout)
	require.Regexp(t, `(?m)^sqlite +bit-deterministic +\d+ calls +pass$`, stdout)
	require.Regexp(t, `different: call \d+, of client \d\n  memory  .* → applied .*\n  file    .* → not applied conflict at `, stdout)

	code, stdout, stderr = simrun(t, "diff", file, "--backend", "sqlite,file")
	require.Equal(t, exitPass, code, stdout+stderr)
	require.Contains(t, stdout, "the same: all 2 backends answered every call alike")

	code, _, stderr = simrun(t, "diff", file, "--backend", "memory")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "give at least two that can run the scenario")
}

func TestListMeasuresGrades(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	code, stdout, stderr := simrun(t, "list", "--grades", "--scenario", "transfers")
	require.Equal(t, exitPass, code, stderr)
	require.Contains(t, stdout, "measured here: bit-deterministic")
}

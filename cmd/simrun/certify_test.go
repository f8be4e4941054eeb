package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCertifyWritesACertificate(t *testing.T) {
	if testing.Short() {
		t.Skip("checks the whole contract; left out with -short")
	}
	out := t.TempDir()
	code, stdout, _ := simrun(t, "certify", "--backend", "memory", "--seeds", "20", "--brief", "--out", out)
	require.Equal(t, exitPass, code, stdout)
	require.Contains(t, stdout, "level        fault-tolerant: ")
	require.Contains(t, stdout, "R-CRASH-01")
	for _, ending := range []string{".txt", ".json", ".xml"} {
		require.FileExists(t, filepath.Join(out, "memory"+ending))
	}

	code, stdout, _ = simrun(t, "certify", "--backend", "memory", "--seeds", "40", "--brief", "--mutant", "lost-append", "--shrink", "0", "--out", out)
	require.Equal(t, exitViolation, code, stdout)
	require.Contains(t, stdout, "planted bug  lost-append")
	require.Contains(t, stdout, "simrun replay "+out)

	code, _, stderr := simrun(t, "certify", "--seeds", "0")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--seeds: 0 prove nothing")
}

package raftwal_test

import (
	"path/filepath"
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// What was found in raft-wal 0.4.2 shows again as it is, and does not where that is mended below it. Where this fails, a newer
// version may have mended it: see README.md.
func TestWhatWasFound(t *testing.T) {
	paths, err := filepath.Glob("found/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatal("no seed files", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			file, err := seedfile.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := file.Check(replay(t, &file, asItIs)); err != nil {
				t.Error(err)
			}
			if r := replay(t, &file, func(fs vfs.FS) vfs.FS { return recovered{fs} }); r.Verdict != sim.Pass {
				t.Errorf("mended, it comes to %s: %s", r.Verdict, r.Reason)
			}
		})
	}
}

func replay(t *testing.T, file *seedfile.File, wrap func(vfs.FS) vfs.FS) *sim.Result {
	t.Helper()
	cfg, err := file.Config(backend(wrap))
	if err != nil {
		t.Fatal(err)
	}
	r, err := sim.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A file system that says that it has synced, and has not, is found out within a few seeds: what is certified is not only
// what the adapter keeps in memory.
func TestALogThatIsNotSyncedIsFoundOut(t *testing.T) {
	const most = 10
	mixed, err := scenarios.Lookup("mixed")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(most) {
		r, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: backend(func(fs vfs.FS) vfs.FS { return lazy{fs} }), Scenario: mixed})
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict == sim.Violation {
			t.Logf("found with seed %d: %s", seed, r.Reason)
			return
		}
	}
	t.Errorf("not found in %d seeds", most)
}

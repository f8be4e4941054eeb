package raftwal_test

import (
	"path/filepath"
	"testing"

	"example.org/raftwal"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// finding is something that raft-wal gets wrong, with the crashes that show it in most runs.
type finding struct {
	name string
	// under has mended what else is wrong, and what mends this one.
	under, and raftwal.Mended
	crashes    func(seed int) []sim.Crash
	faults     chaos.Plan
}

func findings() []finding {
	all := raftwal.Mended{Names: true, Content: true, Tail: true}
	fsync := chaos.Plan{}.WithRate(chaos.DiskFsync, 0.3)
	return []finding{
		{
			"the name of a segment that was found empty is never synced",
			raftwal.Mended{Tail: true},
			raftwal.Mended{Names: true, Tail: true},
			func(seed int) []sim.Crash {
				return []sim.Crash{{Step: 1 + seed%8, Kind: sim.CrashProcess}, {Step: 40 + seed%50, Kind: sim.CrashPower}}
			},
			chaos.Plan{},
		},
		{
			"an entry that was found is not synced before it is read",
			raftwal.Mended{Names: true, Tail: true},
			all,
			func(seed int) []sim.Crash {
				at := 10 + seed%40
				return []sim.Crash{{Step: at, At: "sync", Kind: sim.CrashProcess}, {Step: at + 3 + seed%30, Kind: sim.CrashPower}}
			},
			chaos.Plan{},
		},
		{
			"a directory whose sync failed is not synced again",
			raftwal.Mended{Content: true, Tail: true},
			all,
			func(seed int) []sim.Crash { return []sim.Crash{{Step: 60 + seed%50, Kind: sim.CrashPower}} }, fsync,
		},
		{
			"what a failed append left seals the segment",
			raftwal.Mended{Names: true, Content: true},
			all,
			func(seed int) []sim.Crash { return []sim.Crash{{Step: 60 + seed%50, Kind: sim.CrashProcess}} }, fsync,
		},
	}
}

// run carries out a seed of a finding.
func (f *finding) run(t *testing.T, seed int, m raftwal.Mended) *sim.Result {
	t.Helper()
	crashes := f.crashes(seed)
	r, err := sim.Run(t.Context(), sim.Config{
		Seed: uint64(seed), Backend: backend("raftwal", func(c *raftwal.Config) { c.Mended = m }), Scenario: scenario(t, "contention"),
		Crashes: &crashes, Faults: &f.faults,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFindings: each is found within 100 seeds with what else is wrong mended, and its mend passes
// the same seed. When it fails, raft-wal has mended it.
func TestFindings(t *testing.T) {
	for _, f := range findings() {
		t.Run(f.name, func(t *testing.T) {
			for seed := 1; seed <= 100; seed++ {
				r := f.run(t, seed, f.under)
				if r.Verdict == sim.Pass {
					continue
				}
				t.Logf("seed %d: %s: %s", seed, r.Verdict, r.Reason)
				if r := f.run(t, seed, f.and); r.Verdict != sim.Pass {
					t.Errorf("mended, seed %d: %s: %s", seed, r.Verdict, r.Reason)
				}
				return
			}
			t.Fatal("100 seeds show nothing")
		})
	}
}

// TestSeedFiles replays the smallest runs that were found, of raft-wal as published.
func TestSeedFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/seeds/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no seed files", err)
	}
	for _, path := range files {
		file, err := seedfile.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := file.Config(backend("raftwal", asPublished))
		if err != nil {
			t.Fatal(err)
		}
		r, err := sim.Run(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Check(r); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

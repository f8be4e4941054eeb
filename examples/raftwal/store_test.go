package raftwal_test

import (
	"context"
	"strings"
	"testing"

	"example.org/raftwal"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

// backend is a log on the disk of the run.
func backend(name string, change func(*raftwal.Config)) sim.Backend {
	return sim.Backend{
		Name: name, Durable: true,
		Open: func(_ context.Context, env sim.Env) (eventcore.Store, error) {
			cfg := raftwal.Config{Segments: env.Disk.Sub("segments"), Meta: env.Disk.Sub("meta"), Clock: env.Clock}
			change(&cfg)
			return raftwal.Open(cfg)
		},
		// raft-wal's goroutine is still there.
		Abandon: func(store eventcore.Store) error {
			if s, ok := store.(*raftwal.Store); ok {
				s.Stop()
			}
			return nil
		},
	}
}

func asPublished(*raftwal.Config) {}

func mended(c *raftwal.Config) { c.Mended = raftwal.Mended{Names: true, Content: true, Tail: true} }

// TestCertify is of raft-wal as it is. It passes with the usual number of seeds, and fails with -sim.seeds=1000: see README.md.
func TestCertify(t *testing.T) { certify.Run(t, backend("raftwal", asPublished)) }

// TestCertifyMended is of raft-wal on a file system that makes up for what was found.
func TestCertifyMended(t *testing.T) { certify.Run(t, backend("raftwal-mended", mended)) }

func scenario(t *testing.T, name string) scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// found returns the first seed, of those from first to last, that shows a mistake, and what it shows.
func found(t *testing.T, b sim.Backend, first, last uint64) (seed uint64, reason string) {
	t.Helper()
	for seed := first; seed <= last; seed++ {
		r, err := sim.Run(t.Context(), sim.Config{Seed: seed, Backend: b, Scenario: scenario(t, "mixed")})
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict != sim.Pass {
			return seed, r.Reason
		}
	}
	return 0, ""
}

// TestASyncThatDoesNothingIsFound: the run can fail.
func TestASyncThatDoesNothingIsFound(t *testing.T) {
	seed, reason := found(t, backend("raftwal-nosync", func(c *raftwal.Config) {
		mended(c)
		c.NoSync = true
	}), 1, 10)
	if seed == 0 {
		t.Fatal("10 seeds do not show that nothing is synced")
	}
	t.Logf("seed %d: %s", seed, reason)
}

// TestAFlippedBitIsNotNoticed: raft-wal compares the checksum of its last append only, and only
// when it opens the log. It says so itself. When this fails, Backend.Checksummed can be set.
func TestAFlippedBitIsNotNoticed(t *testing.T) {
	b := backend("raftwal-flipped", mended)
	b.Checksummed = func(path string) bool { return strings.HasSuffix(path, ".wal") }
	if seed, _ := found(t, b, 25, 25); seed == 0 {
		t.Fatal("seed 25 shows no damage that is not reported")
	}
}

package certify

import (
	"flag"
	"testing"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// The flags of every test binary that imports this package. They are registered
// when the package is loaded because package testing parses flags before any test
// runs; package rapid does the same.
var (
	flagSeed        = flag.Uint64("sim.seed", 0, "run this seed only (with -sim.seeds: the first)")
	flagSeeds       = flag.Int("sim.seeds", 0, "number of seeds for each scenario")
	flagDuration    = flag.Duration("sim.duration", 0, "go on with further seeds of each scenario for this long")
	flagScenario    = flag.String("sim.scenario", "", "run this scenario only")
	flagBackend     = flag.String("sim.backend", "", "certify this backend only; tests of others are skipped")
	flagScheduler   = flag.String("sim.scheduler", "", "use this scheduler in every run")
	flagFaults      = flag.String("sim.faults", "", "fault plan, such as none or fail-after=5%,delay=10%")
	flagMutant      = flag.String("sim.mutant", "", "plant this bug; the test is then expected to fail")
	flagFile        = flag.String("sim.file", "", "replay this seed file only")
	flagShrink      = flag.Duration("sim.shrink", shrink.DefaultLimit, "time to shrink a failed run before it is shown; 0: do not")
	flagCertificate = flag.String("sim.certificate", "", "folder to write the certificate into, as text, JSON and JUnit XML")
	flagVerify      = flag.Bool("sim.verify", false, "run each seed twice and compare the traces")
)

// defaultSeeds is the number of seeds for each scenario when no flag says more: a
// few seconds on a fast backend. With -short it is shortSeeds.
const (
	defaultSeeds = 40
	shortSeeds   = leastSeeds
	// serverSeeds and shortServerSeeds are the same for backends that wait for a server: too
	// few to certify anything, for which leastSeeds are enough.
	serverSeeds      = 4
	shortServerSeeds = 3
	// certificateSeeds is the number for a certificate that is written; leastSeeds on a
	// server and with -short.
	certificateSeeds = 100
)

// usualSeeds returns the number of seeds of each scenario where -sim.seeds is not given.
func usualSeeds(blocks, short, written bool) uint64 {
	switch {
	case written && (blocks || short):
		return leastSeeds
	case written:
		return certificateSeeds
	case blocks && short:
		return shortServerSeeds
	case blocks:
		return serverSeeds
	case short:
		return shortSeeds
	default:
		return defaultSeeds
	}
}

// fromFlags returns what the flags ask for.
func fromFlags(t testing.TB, blocks bool) Settings {
	t.Helper()
	s := Settings{
		First: 1, Seeds: usualSeeds(blocks, testing.Short(), *flagCertificate != ""), Duration: *flagDuration,
		Scenario: *flagScenario, Scheduler: *flagScheduler, Shrink: *flagShrink, Verify: *flagVerify, Dir: failureDir,
	}
	flag.Visit(func(f *flag.Flag) {
		if f.Name == "sim.seed" {
			s.First, s.Seeds, s.Only = *flagSeed, 1, true
		}
	})
	if *flagSeeds > 0 {
		s.Seeds, s.Only = uint64(*flagSeeds), false
	}
	if *flagFaults != "" {
		plan, err := chaos.ParsePlan(*flagFaults)
		if err != nil {
			t.Fatalf("-sim.faults: %v", err)
		}
		s.Faults = &plan
	}
	if *flagMutant != "" {
		m, err := mutant.Lookup(*flagMutant)
		if err != nil {
			t.Fatalf("-sim.mutant: %v", err)
		}
		s.Mutant = &m
	}
	return s
}

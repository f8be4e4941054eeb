package certify

import (
	"flag"
	"testing"
	"time"

	"github.com/eventcore-go/eventcore-sim/sim/shrink"
)

// The flags of every test binary that imports this package. They are registered
// when the package is loaded because package testing parses flags before any test
// runs; package rapid does the same.
var (
	flagSeed      = flag.Uint64("sim.seed", 0, "run this seed only (with -sim.seeds: the first)")
	flagSeeds     = flag.Int("sim.seeds", 0, "number of seeds for each scenario")
	flagDuration  = flag.Duration("sim.duration", 0, "go on with further seeds for this long")
	flagScenario  = flag.String("sim.scenario", "", "run this scenario only")
	flagBackend   = flag.String("sim.backend", "", "certify this backend only; tests of others are skipped")
	flagScheduler = flag.String("sim.scheduler", "", "use this scheduler in every run")
	flagFaults    = flag.String("sim.faults", "", "fault plan, such as none or fail-after=5%,delay=10%")
	flagMutant    = flag.String("sim.mutant", "", "plant this bug; the test is then expected to fail")
	flagFile      = flag.String("sim.file", "", "replay this seed file only")
	flagShrink    = flag.Duration("sim.shrink", shrink.DefaultLimit, "time to shrink a failed run before it is shown; 0: do not")
	flagVerify    = flag.Bool("sim.verify", false, "run each seed twice and compare the traces")
)

// defaultSeeds is the number of seeds for each scenario when no flag says more: a
// few seconds on a fast backend. With -short it is shortSeeds.
const (
	defaultSeeds = 40
	shortSeeds   = 20
	// serverSeeds and shortServerSeeds are the same for backends that wait for a server: too
	// few to say that something never happens, for which -sim.seeds=20 is enough.
	serverSeeds      = 4
	shortServerSeeds = 3
)

// settings are the flags with defaults filled in.
type settings struct {
	first, count uint64
	duration     time.Duration
}

func readFlags(blocks bool) settings {
	s := settings{first: 1, count: defaultSeeds, duration: *flagDuration}
	switch {
	case blocks && testing.Short():
		s.count = shortServerSeeds
	case blocks:
		s.count = serverSeeds
	case testing.Short():
		s.count = shortSeeds
	}
	seedGiven := false
	flag.Visit(func(f *flag.Flag) { seedGiven = seedGiven || f.Name == "sim.seed" })
	if seedGiven {
		s.first, s.count = *flagSeed, 1
	}
	if *flagSeeds > 0 {
		s.count = uint64(*flagSeeds)
	}
	return s
}

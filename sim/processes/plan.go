package processes

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

// repeats takes the numbers of what is done once more.
func (c *Config) repeats() error {
	processes, clients := len(c.Again.Kills), len(c.Again.Clients)
	if c.Processes < 1 || processes < 1 || processes%c.Processes != 0 || clients < 1 || clients%processes != 0 {
		return fmt.Errorf("processes: Again has %d processes with %d clients, and %d run at a time; give as many clients for each process, and as many processes for each that runs at a time", processes, clients, c.Processes)
	}
	c.Kills, c.Clients, c.Ops = processes/c.Processes-1, clients/processes, 1
	return nil
}

// plan returns what is done: once more, or drawn from the seed.
func (c *Config) plan() Plan {
	if c.Again != nil {
		return *c.Again
	}
	var p Plan
	for process := range c.Processes * (c.Kills + 1) {
		random := prng.New(c.Seed, "process", uint64(process)) //nolint:gosec // an index is not negative
		p.Clients = append(p.Clients, c.program(random)...)
		kill := 0
		if process%(c.Kills+1) < c.Kills {
			kill = 1 + random.IntN(2*c.Clients*c.Ops)
		}
		p.Kills = append(p.Kills, kill)
	}
	return p
}

// program draws what the clients of a process do.
func (c *Config) program(random *rand.Rand) [][]scenarios.Op {
	params := scenarios.Params{Clients: c.Clients, OpsPerClient: c.Ops, Streams: 3, MaxEvents: 2}
	program := c.Scenario.Generate(random, params, nil)
	// What a process finds was left by others; its own first client sets up what it needs.
	program.Clients[0] = append(slices.Clone(program.Setup), program.Clients[0]...)
	return program.Clients
}

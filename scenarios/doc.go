// Package scenarios holds named workloads for event stores: what clients do, and
// what must be true of the log once they have done it.
//
// A [Scenario] draws a [Program], an explicit list of operations for each client;
// runs one operation at a time on the store of a [Client]; and judges what came of
// them by [Invariant] checks over the final log and the results of all operations.
// An operation may fail: with a version conflict, a business rule, an injected
// fault. Only invariants judge, so Run says of each operation whether it was
// applied, was not, or may have been.
//
//	scenario, err := scenarios.Lookup("transfers")
//	program := scenario.Generate(rand.New(rand.NewPCG(seed, 0)), scenario.Params, nil)
//	result := scenario.Run(ctx, client, program.Clients[0][0])
//
// Nothing here starts a goroutine, tells the time or draws a random number but from
// what the caller gives.
package scenarios

// Package sim runs concurrent commands against an event store so that one seed
// decides everything, and judges the outcome.
//
// [Run] draws a plan and a program from the seed, starts a task for each client,
// and lets exactly one of them run at a time. A task parks at every yield point:
// the start and end of each store call, each streamed event, each sleep, and where
// the backend itself calls yield.Point. A scheduler picks who goes on. Time is
// virtual. Every step is hashed into a [Trace], so two runs of one seed can be
// compared step by step ([Verify]).
//
// A run has a safety phase under faults, then a liveness phase in which faults are
// healed and every client must finish in a bounded number of steps, then a full
// read of the store. Its history is checked for linearizability and its scenario's
// invariants are checked on the final log.
//
// A backend joins as a [Backend], a name and a function that opens a fresh store.
package sim

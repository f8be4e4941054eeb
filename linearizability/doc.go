// Package linearizability records what clients of an event store called and what
// came of it, and checks that one order of the calls explains it all.
//
// A [Recorder] wraps each client's store. After the last call its Final method
// reads the whole store, which settles what calls with an unknown outcome did. [Check]
// then judges the [History] twice: with [CheckGraph], which is fast, complete and names
// anomalies, and with porcupine and a model of the whole store that carries every event.
// The model needs nothing of the graph, so that each is held against the other.
//
// The way through the package: finalLog indexes a history and settles it; rules_*.go
// hold its contents against what was appended and read, graph*.go its order; component
// and translator cut it into the steps that machine, the model, takes; narrow and decider
// ask porcupine. A further checker takes a finalLog, or components.
package linearizability

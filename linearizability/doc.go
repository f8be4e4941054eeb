// Package linearizability records what clients of an event store called and what
// came of it, and checks that one order of the calls explains it all.
//
// A [Recorder] wraps each client's store. After the last call its Final method
// reads the whole store, which settles what calls with an unknown outcome did. [Check]
// then judges the [History] twice: by rules that each name an anomaly, and by
// porcupine with a model of the whole store, which knows nothing of those rules.
package linearizability

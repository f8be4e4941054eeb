// Package linearizability records what clients of an event store called and what
// came of it, and checks that one order of the calls explains it all.
//
// A [Recorder] wraps each client's store. After the last call its Final method
// reads the whole store, which settles what calls with an unknown outcome did. [Check]
// then judges the [History] twice: by rules that each name an anomaly, and by
// porcupine with a model of the whole store that carries every event. The model needs
// none of the rules, so that each can be held against the other.
//
// The way through the package: finalLog indexes a history and settles it; rules_*.go
// hold it against the final log; component and translator cut it into the steps that
// machine, the model, takes; narrow and decider ask porcupine; namer finds a name for
// what only porcupine rejects. A further checker takes a finalLog, or components.
package linearizability

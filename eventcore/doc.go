// Package eventcore is an event store contract and a command executor over it.
//
// A [Store] appends atomic batches over several streams with optimistic
// concurrency ([Writes]) and reads streams lazily. It is all that a backend must
// implement. What else a backend can do is found by type assertion:
//
//   - [AllReader]: the global order. Without it a store has streams only.
//   - [CheckpointStore]: how far projections have come. Without it they need another one.
//   - [Coordinator]: who leads a projection. Without it one must be sure to run alone.
//   - [SnapshotStore]: folded states of commands. Without it streams are read from their
//     beginning.
//   - [io.Closer]: resources that outlive a call. Without it closing is a no-op.
//
// Package storetest checks an implementation against the contract; package eventcoretest
// helps to test commands and projections.
//
// Commands are executed by [Execute]: it folds the command's streams event by
// event, asks the command what happens, appends that with every stream it read as
// a participant, and runs the whole command again after a version conflict. A command
// that is a [Snapshotter] begins with a state that was kept; one that is made by [Tagged]
// declares its streams by struct tags.
//
// [Telemetry] reports all of it to OpenTelemetry.
//
// Read models are made by [RunProjection]: it hands the events of the global order to a
// [Projector], one after the other, and remembers how far it has come.
package eventcore

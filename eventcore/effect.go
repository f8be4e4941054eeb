package eventcore

// EffectKind says what a [Machine] waits for.
type EffectKind uint8

// The kinds of effects.
const (
	// EffectRead: read a stream behind a version, hand each event to
	// [Machine.Fold] until that returns false, then call [Machine.ReadEnded].
	EffectRead EffectKind = iota + 1
	// EffectAppend: append a batch, then call [Machine.AppendEnded].
	EffectAppend
	// EffectSleep: wait, then call [Machine.Slept].
	EffectSleep
	// EffectDone: the command has ended; nothing is to be called any more.
	EffectDone
	// EffectLoadSnapshot: load the snapshot of Key, then call [Machine.SnapshotLoaded].
	EffectLoadSnapshot
	// EffectSaveSnapshot: save Snapshot under Key, then call [Machine.SnapshotSaved].
	EffectSaveSnapshot
)

// String returns the kind in one word, as in "append".
func (k EffectKind) String() string {
	switch k {
	case EffectRead:
		return "read"
	case EffectAppend:
		return "append"
	case EffectSleep:
		return "sleep"
	case EffectDone:
		return "done"
	case EffectLoadSnapshot:
		return "load snapshot"
	case EffectSaveSnapshot:
		return "save snapshot"
	default:
		return "no effect"
	}
}

// Effect is what a [Machine] wants done. Which fields are set depends on Kind.
type Effect struct {
	Kind EffectKind
	// Stream is the stream to read, After the version behind which it is read: 0 unless a
	// snapshot is used.
	Stream StreamID
	After  Version
	// Key and Snapshot are what to load or save.
	Key      SnapshotKey
	Snapshot Snapshot
	// Writes is the batch to append. It is valid until AppendEnded is called.
	Writes Writes
	// Retry describes the retry to wait for: its delay is the time to sleep.
	Retry Retry
	// Executed and Err are the result of the command, once it is done.
	Executed Executed
	Err      error
}

// Executed is what an execution came to.
type Executed struct {
	// Appended is the result of the append, zero if there was none.
	Appended Appended
	// Outcome is what became of the append; not applied if it never came to one.
	Outcome Outcome
	// Attempts is how often the command was run, from 1.
	Attempts int
	// Read has the streams that the last attempt read to their end, in the order of
	// reading, at the versions that were found. They are the participants of its
	// append.
	Read []StreamVersion
	// Snapshot says what part a snapshot had, for a command that is a [Snapshotter].
	Snapshot SnapshotUse
}

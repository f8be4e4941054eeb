package eventcore

import (
	"errors"
	"fmt"
	"slices"
)

// MaxStreams is the number of streams a command can read. A command that discovers
// more is ended with an error: most likely it would never stop.
const MaxStreams = 10_000

// Machine is the execution of one command as a pure state machine: it decides, and
// the caller reads, appends and sleeps. [Execute] is such a caller; a simulator or a
// test can be another. Next tells what to do, and the method named there is told
// what came of it. A Machine is for one command and one goroutine.
type Machine[S, E any] struct {
	command    Command[S, E]
	discoverer Discoverer[S] // nil if the command is none
	declared   []StreamID
	settings   settings
	decoder    decoder[E]
	snapshot   *snapshotting[S] // nil if the state is not kept

	effect   Effect
	state    S
	attempts int
	// read has the streams of this attempt in the order of reading; those from
	// current on are not read to their end yet.
	read    []StreamVersion
	current int
	// known has the streams in read, once they are too many to search.
	known  map[StreamID]struct{}
	writes Writes
	// reading is the read under way of the caller that reads by itself.
	reading streamRead
}

// NewMachine returns the machine that executes command, ready for its first effect.
// Invalid options, and a command that declares no stream or one twice, are errors.
func NewMachine[S, E any](command Command[S, E], opts ...Option) (*Machine[S, E], error) {
	m := &Machine[S, E]{command: command}
	if err := m.settings.set(opts); err != nil {
		return nil, err
	}
	m.decoder = decoderOf[E](m.settings.codec)
	m.declared = command.Streams()
	behind := untagged(command)
	m.discoverer, _ = behind.(Discoverer[S])
	var err error
	if m.snapshot, err = m.snapshotting(behind); err != nil {
		return nil, err
	}
	switch {
	case len(m.declared) == 0:
		return nil, fmt.Errorf("eventcore: execute %T: it declares no stream; return at least one from Streams", command)
	case len(m.declared) > MaxStreams:
		return nil, fmt.Errorf("eventcore: execute %T: it declares %d streams; at most %d are allowed", command, len(m.declared), MaxStreams)
	case slices.ContainsFunc(m.declared, StreamID.IsZero):
		return nil, fmt.Errorf("eventcore: execute %T: a declared stream ID is the zero value; make it with ParseStreamID", command)
	}
	m.replay()
	if len(m.read) < len(m.declared) {
		return nil, fmt.Errorf("eventcore: execute %T: stream %q is declared twice", command, m.twice())
	}
	m.begin()
	return m, nil
}

// twice returns the first declared stream that is there again: the reading list has
// each of them once, in the same order up to it.
func (m *Machine[S, E]) twice() StreamID {
	for i, at := range m.read {
		if m.declared[i] != at.Stream {
			return m.declared[i]
		}
	}
	return m.declared[len(m.read)]
}

// Next returns what to do next. It belongs to the machine and changes with the next
// call of another method.
func (m *Machine[S, E]) Next() *Effect { return &m.effect }

// begin starts an attempt.
func (m *Machine[S, E]) begin() {
	m.attempts++
	if s := m.snapshot; s != nil {
		s.use, s.taken, s.folded = SnapshotUse{}, nil, 0
		m.effect = Effect{Kind: EffectLoadSnapshot, Key: s.key}
		return
	}
	m.replay()
}

// replay folds all streams from nothing.
func (m *Machine[S, E]) replay() {
	var empty S
	if s := m.snapshot; s != nil {
		s.base, s.again, s.use.Resumed = 0, false, false
	}
	m.state, m.read, m.current = empty, slices.Grow(m.read[:0], len(m.declared)), 0
	clear(m.known)
	m.add(m.declared)
	m.openRead()
}

// add puts the streams that are not there yet at the end of the reading list.
func (m *Machine[S, E]) add(ids []StreamID) {
	for _, id := range ids {
		if !m.knows(id) {
			m.read = append(m.read, StreamVersion{Stream: id})
			m.note(id)
		}
	}
}

func (m *Machine[S, E]) knows(id StreamID) bool {
	if m.known != nil {
		_, found := m.known[id]
		return found
	}
	for i := range m.read {
		if m.read[i].Stream == id {
			return true
		}
	}
	return false
}

func (m *Machine[S, E]) note(id StreamID) {
	switch {
	case m.known != nil:
		m.known[id] = struct{}{}
	case len(m.read) > searchLimit:
		m.known = make(map[StreamID]struct{}, 2*len(m.read))
		for i := range m.read {
			m.known[m.read[i].Stream] = struct{}{}
		}
	}
}

func (m *Machine[S, E]) openRead() {
	at := m.read[m.current]
	m.effect = Effect{Kind: EffectRead, Stream: at.Stream}
	if s := m.snapshot; s != nil && m.current < s.base {
		// The event to which the snapshot has folded the stream is read again, to see that
		// it is there: a store may have been restored from a backup that is older.
		s.confirmed = at.Version == 0
		m.effect.After = at.Version - min(at.Version, 1)
	}
}

// Fold takes one event of the stream that is being read. It returns false if the
// command has ended and the rest of the stream is not wanted.
func (m *Machine[S, E]) Fold(recorded *Recorded) bool {
	if m.effect.Kind != EffectRead {
		return false
	}
	at := &m.read[m.current]
	if s := m.snapshot; s != nil && m.current < s.base {
		if !s.confirmed && recorded.Stream == at.Stream && recorded.Version == at.Version {
			s.confirmed = true
			return true
		}
		// In a full replay this event comes before those of the streams behind.
		if s.again = m.current < s.base-1; s.again {
			return false
		}
	}
	if recorded.Stream != at.Stream || recorded.Version != at.Version+1 {
		m.fail(&StoreFailure{Operation: OpReadStream, Outcome: OutcomeNotApplied, Err: fmt.Errorf(
			"the store yielded version %d of stream %q where version %d of stream %q comes next",
			recorded.Version, recorded.Stream, at.Version+1, at.Stream)})
		return false
	}
	event, err := m.decoder.decode(recorded)
	if err != nil {
		m.fail(err)
		return false
	}
	m.state = m.command.Apply(m.state, event)
	at.Version = recorded.Version
	if m.snapshot != nil {
		m.snapshot.folded++
	}
	return true
}

// ReadEnded takes the end of the stream that is being read: err is nil if all of it
// was folded. It does nothing if Fold has ended the command.
func (m *Machine[S, E]) ReadEnded(err error) {
	if m.effect.Kind == EffectDone {
		return
	}
	m.must(EffectRead, "ReadEnded")
	if err != nil {
		m.fail(err)
		return
	}
	if m.mustReplay() {
		m.replay()
		return
	}
	m.current++
	if m.current == len(m.read) {
		if err := m.discover(); err != nil {
			m.fail(err)
			return
		}
	}
	if m.current == len(m.read) {
		m.decide()
		return
	}
	m.openRead()
}

// discover adds the streams that the state shows to be needed.
func (m *Machine[S, E]) discover() error {
	if m.discoverer == nil {
		return nil
	}
	m.add(m.discoverer.Discover(m.state))
	found := m.read[m.current:]
	for i := range found {
		if found[i].Stream.IsZero() {
			return fmt.Errorf("eventcore: execute %T: a discovered stream ID is the zero value; make it with ParseStreamID", m.command)
		}
	}
	if len(m.read) > MaxStreams {
		return fmt.Errorf("eventcore: execute %T: it discovers more than %d streams, the last %q; Discover must come to an end",
			m.command, MaxStreams, m.read[len(m.read)-1].Stream)
	}
	return nil
}

// decide asks the command what happens and makes the batch of it.
func (m *Machine[S, E]) decide() {
	m.take()
	emits, err := m.command.Handle(m.state)
	if err == nil {
		err = m.write(emits)
	}
	if err != nil {
		m.fail(err)
		m.save()
		return
	}
	m.effect = Effect{Kind: EffectAppend, Writes: m.writes}
}

// write fills the batch: every stream that was read takes part.
func (m *Machine[S, E]) write(emits []Emit[E]) error {
	m.writes.reset(len(m.read), len(emits))
	for _, at := range m.read {
		if err := m.writes.Expect(at.Stream, at.Version); err != nil {
			return err
		}
	}
	for _, emit := range emits {
		name, data, err := m.settings.codec.Encode(emit.Event)
		if err != nil {
			return &SerializationFailed{Stream: emit.Stream, Type: name, Err: err}
		}
		event := Proposed{ID: m.settings.ids.NewEventID(), Type: name, Data: data, Metadata: m.settings.metadata}
		if err := m.writes.Append(emit.Stream, event); err != nil {
			return err
		}
	}
	return nil
}

// AppendEnded takes the result of the append.
func (m *Machine[S, E]) AppendEnded(appended Appended, err error) {
	m.must(EffectAppend, "AppendEnded")
	if err == nil {
		m.done(appended, OutcomeApplied, nil)
		m.save()
		return
	}
	if !isConflict(err) {
		m.done(Appended{}, OutcomeOf(err), err)
		return
	}
	retries := m.attempts - 1
	if !m.settings.retry.allows(retries) {
		if retries > 0 {
			err = fmt.Errorf("given up after %d attempts: %w", m.attempts, err)
		}
		m.fail(err)
		return
	}
	m.effect = Effect{Kind: EffectSleep, Retry: Retry{
		Attempt: m.attempts, Delay: m.settings.retry.delay(retries, m.settings.random), Conflict: err,
	}}
	if m.settings.onRetry != nil {
		m.settings.onRetry(m.effect.Retry)
	}
}

// isConflict says whether err is a version conflict and nothing more: a store failure
// that wraps one is a failure, which may even have an unknown outcome.
func isConflict(err error) bool {
	_, failed := errors.AsType[*StoreFailure](err)
	return !failed && errors.Is(err, ErrVersionConflict)
}

// Slept takes the end of the wait; err is nil if it was not cut short.
func (m *Machine[S, E]) Slept(err error) {
	m.must(EffectSleep, "Slept")
	if err != nil {
		m.fail(fmt.Errorf("%w while waiting to retry after: %w", err, m.effect.Retry.Conflict))
		return
	}
	m.begin()
}

// must panics if the machine waits for something else: with an answer to another
// question it would execute another command than the one it was given.
func (m *Machine[S, E]) must(kind EffectKind, method string) {
	if m.effect.Kind != kind {
		panic(fmt.Sprintf("eventcore: Machine.%s was called where %q is to be done; see Next", method, m.effect.Kind))
	}
}

// fail ends the command without an append that could have been applied.
func (m *Machine[S, E]) fail(err error) { m.done(Appended{}, OutcomeNotApplied, err) }

func (m *Machine[S, E]) done(appended Appended, outcome Outcome, err error) {
	m.effect = Effect{Kind: EffectDone, Err: err, Executed: Executed{
		Appended: appended, Outcome: outcome, Attempts: m.attempts, Read: m.read[:m.current],
	}}
	if m.snapshot != nil {
		m.effect.Executed.Snapshot = m.snapshot.use
	}
}

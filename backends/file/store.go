// Package file is an event store in a directory: one file of JSON lines for each append,
// to be read by people and kept in version control.
//
//	events/0197….jsonl   the appends: a header line, then one line an event; never changed
//	tmp/                 appends on their way; emptied when the store is opened
//	state/               a lock, the name of this replica, what is known to be durable, and a
//	                     copy of the appends that were last made durable together
//	checkpoints/         how far subscriptions have come
//	leases/              the last token of a lease
//	snapshots/           states of commands
//
// The events are all there is to keep in version control. Without state and snapshots
// nothing is lost, without checkpoints subscriptions begin anew, and without leases tokens
// do. Only after a crash should state be left as it is until the store was opened again.
//
// An append is written to tmp, synced, renamed into events, and the directory is synced:
// so a file in events is whole, and is there after a crash once the append was
// acknowledged. What lies in tmp when a store is opened never was.
//
// Appends that come while another one is under way are made durable together
// ([Config.MaxGroup]): their files are synced at the same time, renamed one after the other,
// and the directory is synced once. Each is done or refused by itself. A loss of power before
// that last sync may take any of the names, and leave a file without its parent. So several
// appends are in state/group, synced, before the first is renamed, and when a store is opened
// after a crash, what is missing before a file that is there is put back from it: an append
// that nobody was told of is kept then, none that was acknowledged is lost. A file that is
// missing for any other reason is damage, and is reported.
//
// The name of a file and its place in the order are two things: each header names its
// parent, the append before it, and the order is that of this chain. The global order of
// events, and with it the position of each, follows from it.
//
// OpenMerge opens a directory that is one of several working copies, which version control
// brings together; the field resolves of a header and several parents are its.
//
// One store at a time may have a directory open, which a lock of the operating system
// enforces. Opening reads and checks every file and keeps of each event some forty bytes,
// not its payload. A sequence of events is read page by page, and nothing is held while
// the loop over it runs. Every line is checked again when it is read.
package file

import (
	"errors"
	"io"
	"sync"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/gate"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

// ErrClosed is what errors.Is finds in the failures of a store that was closed.
var ErrClosed = errors.New("file: the store is closed")

// The directories and files of a store.
const (
	eventsDir   = "events"
	tmpDir      = "tmp"
	stateDir    = "state"
	lockFile    = stateDir + "/lock"
	replicaFile = stateDir + "/replica"
	headFile    = stateDir + "/head"
	suspectFile = stateDir + "/suspect"
	journalFile = stateDir + "/group"

	identityFile = stateDir + "/identity"
	ingestedFile = stateDir + "/ingested"
	suffix       = ".jsonl"
)

// Store is an event store in a directory. It implements [eventcore.Store],
// [eventcore.AllReader], [eventcore.CheckpointStore], [eventcore.Coordinator] and
// [eventcore.SnapshotStore]. It is safe for concurrent use.
type Store struct {
	cfg     Config
	fs      vfs.FS
	dir     string
	replica eventcore.EventID
	lock    io.Closer
	// log is the upper half of all positions: in merge mode it names the order that they
	// count in, else it is 0.
	log uint64

	// groups are the appends that wait for one another.
	groups *groupcommit.Queue[*pending]
	// gate lets one append, or group of them, in at a time. Who is in owns what follows.
	gate gate.Gate
	// doubt are appends of which it is not known whether they are in events for good, each
	// the parent of the next.
	doubt []*draft
	// journal says that the journal of groups is there, durable by its name.
	journal bool
	// head is what is recorded of the newest append, synced how many appends, counted from
	// the first, are known to be durable.
	head   head
	synced int
	// newest is the greatest ID of an append.
	newest eventcore.EventID

	// mu guards index. It is never held over anything that waits.
	mu    sync.RWMutex
	index index

	checkpoints, leases, snapshots *shelf
	// known are the checkpoints of which it is known that they are as durable as the policy
	// says. Who is in the shelf owns it.
	known   map[eventcore.SubscriptionID]eventcore.Position
	leaders leaders

	closing sync.Once
	closed  error
}

// Close waits for the calls that are under way, then gives up the lock. Leases are lost.
// Sequences that
// are still iterated, and all later calls, fail with [ErrClosed]. Close may be called more
// than once; it returns the same each time.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.groups.Close(ErrClosed)
		for _, g := range []gate.Gate{s.leases.gate, s.checkpoints.gate, s.snapshots.gate, s.gate} {
			g.Close()
		}
		_ = s.recordHead() // without it the next one to open has more to do
		if len(s.doubt) == 0 && s.cfg.Fsync == FsyncAlways && s.synced == len(s.index.files) {
			_ = s.fs.Remove(suspectFile) // likewise
			s.dropJournal()
		}
		s.closed = s.lock.Close()
	})
	return s.closed
}

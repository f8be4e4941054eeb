// Package disk is a simulated disk: in memory, deterministic, and as unreliable as a
// seed wants it.
//
//	d := disk.New(disk.Config{})
//	f, err := d.OpenFile("a", os.O_RDWR|os.O_CREATE)
//	f.WriteAt(data, 0)
//	d.Crash(disk.Loss{}) // power is lost: a has never been synced, so it is gone
//
// It keeps two states: what programs see, which is the page cache of an operating system,
// and what is durable. [File.Sync] makes the content of a file durable, [Disk.SyncDir] the
// entries of a directory; nothing else does, as POSIX has it. [Disk.Crash] takes away
// what is not durable, all of it or a part that is drawn: writes one by one, torn at
// the borders of sectors, entries in the order of a journal or in any.
//
// A failed sync, also of a directory, forgets, as on Linux: the pages count as clean from
// then on, so that a later sync that succeeds says nothing of them (Rebello et al., "Can Applications Recover
// from fsync Failures?", USENIX ATC 2020).
//
// A Disk is safe for concurrent use; in a simulated run one task uses it at a time.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

// ErrCrashed is what errors.Is finds after a crash in all operations on handles from
// before it.
var ErrCrashed = errors.New("disk: the machine has crashed since this was opened")

// Config configures a [Disk]. The zero value is a disk without faults.
type Config struct {
	// Point is called before each operation, with its name and path: it is where a
	// simulation switches tasks or crashes. nil: nothing.
	Point func(name string)
	// Fault is asked before each operation whether it fails. nil: none does.
	Fault func(Op) Fault
	// Forget is asked before each operation whether it does nothing and says that it
	// worked, as a store would that forgot it. nil: none.
	Forget func(Kind) bool
	// Ignore is asked of each operation that a fault makes fail whether it says that it worked
	// all the same, as a store would that did not look. nil: none.
	Ignore func(Kind) bool
	// Capacity is the number of bytes that fit on the disk, 0 for no limit.
	Capacity int64
}

// Disk is a simulated disk with one tree of directories.
type Disk struct {
	// mu guards all that follows. It is not held while Point runs, which may crash the disk
	// or switch to another task.
	mu  sync.Mutex
	cfg Config
	// epoch is the number of crashes: handles belong to one.
	epoch int

	seen, durable tree
	// pending are the changes of directories that are not durable, in their order.
	pending []change
	locks   map[string]*lock
	stats   Stats
}

// SetPoint replaces what is called before each operation; nil: nothing.
func (d *Disk) SetPoint(point func(name string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cfg.Point = point
}

// SetFault replaces what is asked before each operation; nil: nothing fails.
func (d *Disk) SetFault(fault func(Op) Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cfg.Fault = fault
}

// tree has files and directories by their cleaned path. The root is ".".
type tree struct {
	files map[string]*inode
	dirs  map[string]bool
}

func (t tree) clone() tree {
	return tree{files: maps.Clone(t.files), dirs: maps.Clone(t.dirs)}
}

// New returns an empty disk.
func New(cfg Config) *Disk {
	d := &Disk{cfg: cfg, locks: make(map[string]*lock)}
	d.seen = tree{files: map[string]*inode{}, dirs: map[string]bool{".": true}}
	d.durable = d.seen.clone()
	return d
}

// Stats counts what the disk did.
type Stats struct {
	// Operations by kind, and faults that fired by kind.
	Operations map[Kind]int
	Faults     map[Fault]int
	// Crashes is the number of crashes, Lost the number of writes and changes of
	// directories that they took away, Torn the number of writes of which a part was left.
	Crashes, Lost, Torn int
	// Kept is the number of those crashes that kept everything.
	Kept int
}

// Stats returns what the disk has done so far.
func (d *Disk) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stats
	s.Operations, s.Faults = maps.Clone(s.Operations), maps.Clone(s.Faults)
	return s
}

// clean returns a path as the trees have it.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// cleaned returns clean, "." for the root.
func cleaned(name string) string {
	if c := clean(name); c != "" {
		return c
	}
	return "."
}

// List returns the files that programs see, sorted.
func (d *Disk) List() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := make([]string, 0, len(d.seen.files))
	for name := range d.seen.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// used returns the number of bytes of all files.
func (d *Disk) used() (bytes int64) {
	for _, node := range d.seen.files {
		bytes += int64(len(node.data))
	}
	return bytes
}

func pathError(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// FlipBit changes a bit of a file where it lies, durably. It is an error if there is no
// such byte.
func (d *Disk) FlipBit(name string, offset int64, bit uint8) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	node := d.seen.files[cleaned(name)]
	if node == nil || offset < 0 || offset >= int64(len(node.data)) {
		return pathError("flip a bit", name, fmt.Errorf("there is no byte %d", offset))
	}
	node.data[offset] ^= 1 << (bit % 8)
	if offset < int64(len(node.durable)) {
		node.durable[offset] ^= 1 << (bit % 8)
	}
	return nil
}

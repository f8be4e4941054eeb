package sqlite

import (
	"fmt"
	"runtime"
	"time"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

// Config configures a [Store]. The zero value is useful and the safest.
type Config struct {
	// Clock gives the recorded time of events and does the waiting while another
	// process or handle has the database locked. Times must lie in the years 1678 to
	// 2261, since they are kept as nanoseconds. nil: the system clock.
	Clock eventcore.Clock

	// Synchronous says what an acknowledged append survives. The zero value is
	// [SynchronousFull]. It has no meaning for a database in memory.
	Synchronous Synchronous

	// BusyTimeout is how long an operation waits for a database that another process
	// or another handle has locked, before it fails with an error that says so. A
	// waiting operation also ends when its context is done. Operations of one Store
	// queue up for each other without this limit: only their contexts bound that.
	// 0: ten seconds.
	BusyTimeout time.Duration

	// Readers is the greatest number of connections that read at the same time. They
	// are opened when needed and kept. A connection is busy only while a page of
	// events is fetched, never while the loop over a sequence runs, so a small number
	// serves any number of open sequences. A database in memory has one connection
	// for everything and ignores it. 0: the number of processors, at least four.
	Readers int

	// MaxGroup is the greatest number of appends that are committed together, one of those
	// that come while others are under way. They share a wait for the disk; each is done or
	// refused by itself. 0: 64. 1: each has a transaction of its own.
	MaxGroup int

	// Files is the file system that the database lies on, where that is not the operating
	// system's but a VFS of SQLite's. [New] only: its caller names the VFS to the
	// driver. Leases are locks there, beside the database. nil: the operating system's.
	Files vfs.FS
}

// Synchronous says what an acknowledged append survives.
type Synchronous uint8

const (
	// SynchronousFull syncs the log at every append: an acknowledged append survives
	// a crash of the process, of the operating system, and loss of power.
	SynchronousFull Synchronous = iota
	// SynchronousNormal syncs the log only now and then. An acknowledged append
	// survives a crash of the process; a crash of the operating system or loss of
	// power may undo the last appends, newest first and each as a whole. The database
	// stays consistent, but an event that a reader has seen may be gone and its
	// version and position be given to another: a projection may have to be rebuilt.
	SynchronousNormal
)

// pragma returns SQLite's word.
func (s Synchronous) pragma() string {
	if s == SynchronousNormal {
		return "NORMAL"
	}
	return "FULL"
}

const (
	defaultBusyTimeout = 10 * time.Second
	fewestReaders      = 4
)

// filled returns the configuration with defaults in place of zero values, or an
// error that names the field that is out of range.
func (c Config) filled() (Config, error) {
	switch {
	case c.Synchronous > SynchronousNormal:
		return c, fmt.Errorf("sqlite: Synchronous is %d; use SynchronousFull or SynchronousNormal", c.Synchronous)
	case c.BusyTimeout < 0:
		return c, fmt.Errorf("sqlite: BusyTimeout is %v; set it to 0 or more", c.BusyTimeout)
	case c.MaxGroup < 0:
		return c, fmt.Errorf("sqlite: MaxGroup is %d; set it to 0 or more", c.MaxGroup)
	case c.Readers < 0:
		return c, fmt.Errorf("sqlite: Readers is %d; set it to 0 or more", c.Readers)
	}
	if c.Clock == nil {
		c.Clock = eventcore.SystemClock{}
	}
	if c.BusyTimeout == 0 {
		c.BusyTimeout = defaultBusyTimeout
	}
	if c.MaxGroup == 0 {
		c.MaxGroup = groupcommit.MostAppends
	}
	if c.Readers == 0 {
		c.Readers = max(fewestReaders, runtime.GOMAXPROCS(0))
	}
	return c, nil
}

package file

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

// Config configures a [Store]. The zero value is useful and the safest.
type Config struct {
	// Clock gives the recorded time of events, between the years 1 and 9999. nil: the
	// system clock.
	Clock eventcore.Clock

	// IDs makes the names of the files, and once that of the replica. It is used by one
	// goroutine at a time. An append for which it makes an ID for the second time is refused.
	// nil: random UUIDs of version 7, which sort by time.
	IDs eventcore.IDGenerator

	// Replica names this copy of the store in the headers of its appends. The zero ID: one
	// is made when the store is opened for the first time, and kept in state/replica.
	Replica eventcore.EventID

	// Fsync says what an acknowledged append survives. The zero value is [FsyncAlways].
	Fsync FsyncPolicy

	// MaxGroup is the greatest number of appends that are made durable together, one of those
	// that come while others are under way. They share waits for the disk; each has its file,
	// and is done or refused by itself. With FsyncNever, and with OpenMerge, each append is
	// by itself. 0: 64. 1: each is by itself.
	MaxGroup int

	// FS is the file system, rooted at the store's directory. nil: that of the operating
	// system. A simulated disk may take its place.
	FS vfs.FS
}

// FsyncPolicy says what an acknowledged append survives.
type FsyncPolicy uint8

const (
	// FsyncAlways syncs the file and the directory before an append is acknowledged: an acknowledged append
	// survives a crash of the process, of the operating system, and loss of power. So does
	// all that was there when the store was opened: what may not be durable, because of
	// another policy or because it was copied there, is synced first.
	FsyncAlways FsyncPolicy = iota
	// FsyncNever leaves it to the operating system when something reaches the disk. An
	// acknowledged append survives a crash of the process. A crash of the operating system
	// or loss of power may lose the appends of the last half minute, or leave files that
	// are cut off. Opening the store then reports what is damaged, and also what was lost
	// if the store had been closed before.
	FsyncNever
)

// filled returns the configuration with defaults in place of zero values.
func (c Config) filled(dir string) (Config, error) {
	if c.Fsync > FsyncNever {
		return c, fmt.Errorf("file: Fsync is %d; use FsyncAlways or FsyncNever", c.Fsync)
	}
	if c.MaxGroup < 0 {
		return c, fmt.Errorf("file: MaxGroup is %d; set it to 0 or more", c.MaxGroup)
	}
	if c.MaxGroup == 0 {
		c.MaxGroup = groupcommit.MostAppends
	}
	if c.Fsync == FsyncNever {
		c.MaxGroup = 1 // there is no wait to share
	}
	if c.Clock == nil {
		c.Clock = eventcore.SystemClock{}
	}
	if c.IDs == nil {
		c.IDs = randomIDs{}
	}
	if c.FS == nil {
		c.FS = vfs.Dir(dir)
	}
	return c, nil
}

// randomIDs makes the IDs that no two programs make.
type randomIDs struct{}

func (randomIDs) NewEventID() eventcore.EventID { return uuid.Must(uuid.NewV7()) }

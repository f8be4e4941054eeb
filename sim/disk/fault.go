package disk

import (
	"fmt"
	"io/fs"
	"syscall"
)

// Kind is what an operation does.
type Kind uint8

// The kinds of operations.
const (
	OpOpen Kind = iota + 1
	OpRead
	OpWrite
	OpTruncate
	OpSync
	OpRename
	OpRemove
	OpMkdir
	OpReadDir
	OpStat
	OpSyncDir
	OpLock
)

// String returns the kind as it stands in traces, such as "sync directory".
func (k Kind) String() string {
	names := [...]string{
		"", "open", "read", "write", "truncate", "sync", "rename", "remove",
		"make directory", "read directory", "stat", "sync directory", "lock",
	}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("operation %d", k)
}

// Op is an operation that is about to happen.
type Op struct {
	Kind Kind
	Path string
	// Offset and Length are those of reads and writes, in bytes.
	Offset int64
	Length int
	// Creates says of an open that it makes the file.
	Creates bool
}

// Fault is how an operation fails.
type Fault uint8

// The faults.
const (
	// NoFault lets the operation happen.
	NoFault Fault = iota
	// EIO fails with syscall.EIO. A write may have changed the beginning of what it was
	// to write; a sync forgets what it was to make durable, be
	// it of a file or of a directory.
	EIO
	// ENOSPC fails a write, or the making of a file, with syscall.ENOSPC. A write may have
	// written its beginning.
	ENOSPC
	// ShortRead returns only the first half of what could be read, without an error.
	ShortRead
)

// String returns the name of the fault.
func (f Fault) String() string {
	return [...]string{"none", "EIO", "ENOSPC", "short read"}[f]
}

// begin is what every operation begins with. It returns with mu locked.
func (p program) begin(op Op) (Fault, error) {
	d := p.disk
	d.mu.Lock()
	if !fs.ValidPath(op.Path) {
		return NoFault, pathError(op.Kind.String(), op.Path, fs.ErrInvalid)
	}
	if point := d.cfg.Point; point != nil && d.epoch == p.epoch {
		d.mu.Unlock()
		point("disk: " + op.Kind.String() + " " + op.Path)
		d.mu.Lock()
	}
	if d.epoch != p.epoch {
		return NoFault, pathError(op.Kind.String(), op.Path, ErrCrashed)
	}
	if d.stats.Operations == nil {
		d.stats.Operations, d.stats.Faults = map[Kind]int{}, map[Fault]int{}
	}
	d.stats.Operations[op.Kind]++
	if d.cfg.Fault == nil {
		return NoFault, nil
	}
	op.Creates = op.Creates && d.seen.files[op.Path] == nil
	fault := d.cfg.Fault(op)
	if !fault.fits(op.Kind) {
		return NoFault, nil
	}
	d.stats.Faults[fault]++
	switch fault {
	case EIO:
		return fault, pathError(op.Kind.String(), op.Path, syscall.EIO)
	case ENOSPC:
		return fault, pathError(op.Kind.String(), op.Path, syscall.ENOSPC)
	default:
		return fault, nil
	}
}

func (d *Disk) forgets(k Kind) bool { return d.cfg.Forget != nil && d.cfg.Forget(k) }

func (d *Disk) ignores(k Kind) bool { return d.cfg.Ignore != nil && d.cfg.Ignore(k) }

// fits says whether an operation can fail so.
func (f Fault) fits(k Kind) bool {
	switch f {
	case EIO:
		return k != OpLock
	case ENOSPC:
		return k == OpWrite || k == OpOpen || k == OpMkdir || k == OpRename
	case ShortRead:
		return k == OpRead
	default:
		return false
	}
}

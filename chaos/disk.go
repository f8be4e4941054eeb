package chaos

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// DiskKinds returns the kinds of faults that hit the operations that a store does on its
// disk, in a fixed order. They are carried out by the disk, such as that of package
// sim/disk, and not by what [Injector.Wrap] returns.
func DiskKinds() []KindInfo {
	return []KindInfo{
		{Kind: DiskEIORead, Doc: "The disk cannot read something: a bad sector, a cable, a controller."},
		{Kind: DiskEIOWrite, Doc: "The disk refuses a change of a file or a directory; a write may have changed the beginning of what it was to write."},
		{Kind: DiskENOSPC, Doc: "The disk is full, or a quota is used up; a write may have written its beginning."},
		{Kind: DiskFsync, Doc: "A sync of a file or a directory fails, and the system forgets what it was to make durable: a later sync says nothing of it."},
	}
}

// DiskAccess is what an operation of a disk does, as far as its faults depend on it.
type DiskAccess uint8

// What operations of a disk do.
const (
	// DiskOther does nothing that a fault is drawn for.
	DiskOther DiskAccess = iota
	// DiskReads reads from a file or a directory.
	DiskReads
	// DiskGrows changes something and may need space for it, DiskChanges needs none.
	DiskGrows
	DiskChanges
	// DiskSyncs makes something durable.
	DiskSyncs
)

// Suffers says whether a fault of that kind can hit the operation.
func (a DiskAccess) Suffers(kind Kind) bool {
	switch kind {
	case DiskEIORead:
		return a == DiskReads
	case DiskEIOWrite:
		return a == DiskGrows || a == DiskChanges
	case DiskENOSPC:
		return a == DiskGrows
	case DiskFsync:
		return a == DiskSyncs
	default:
		return false
	}
}

// opDisk stands for an operation of the disk in place of a store call.
const opDisk eventcore.Operation = "disk operation"

// Disk counts an operation that a store is about to do on its disk for a client. It
// returns the kind of fault that the operation is now to suffer, which is counted and
// reported, or 0. Like the client's store it is for one goroutine at a time.
func (in *Injector) Disk(ctx context.Context, id int, access DiskAccess) Kind {
	c := in.client(id)
	c.operations++
	s := in.strikeBelow(call{client: c, op: opDisk, number: c.operations - 1}, &c.onDisk, access.Suffers)
	if s == nil {
		return 0
	}
	s.fire(ctx)
	return s.fault.Kind
}

package sim

import (
	"context"
	"slices"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// diskConfig returns how the disk of the run works.
func (r *run) diskConfig() disk.Config {
	cfg := disk.Config{Point: r.world.point, Fault: r.diskFault}
	if m := r.cfg.Mutant; m != nil && m.Layer == mutant.Disk {
		cfg.Forget = func(k disk.Kind) bool { return slices.Contains(m.Forgets, k.String()) }
		cfg.Ignore = func(k disk.Kind) bool { return slices.Contains(m.Ignores, k.String()) }
	}
	return cfg
}

// diskFault says how an operation of the disk fails: not at all, unless a client's call of
// the store does it. The store is opened, and recovers, without faults.
func (r *run) diskFault(op disk.Op) disk.Fault {
	w := r.world
	t := w.current
	if t == nil || !t.inside || t.doomed || w.unwinding || w.stopping || t.id >= len(r.result.Program.Clients) {
		return disk.NoFault
	}
	switch r.injector.Disk(context.Background(), t.id, accessOf(op)) {
	case 0:
		return disk.NoFault
	case chaos.DiskENOSPC:
		return disk.ENOSPC
	default:
		return disk.EIO
	}
}

// accessOf returns which faults an operation can suffer.
func accessOf(op disk.Op) chaos.DiskAccess {
	switch op.Kind {
	case disk.OpRead, disk.OpReadDir, disk.OpStat:
		return chaos.DiskReads
	case disk.OpOpen:
		if op.Creates {
			return chaos.DiskGrows
		}
		return chaos.DiskReads
	case disk.OpWrite, disk.OpMkdir, disk.OpRename:
		return chaos.DiskGrows
	case disk.OpTruncate, disk.OpRemove:
		return chaos.DiskChanges
	case disk.OpSync, disk.OpSyncDir:
		return chaos.DiskSyncs
	case disk.OpLock:
	}
	return chaos.DiskOther
}

package disk

import (
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

// Loss says what a crash takes away of what is not durable. The zero value takes all of
// it.
type Loss struct {
	// Random draws what is kept. nil: nothing is.
	Random *rand.Rand
	// Reorder lets changes of directories be kept in any selection. Else the first of them
	// are kept, up to one that is drawn, as with a journal.
	Reorder bool
	// KeepAll keeps everything: the process is killed and the machine goes on.
	KeepAll bool
}

// Crash ends all that runs on the machine: handles and locks are gone. What was not
// durable is lost as far as loss says; what is left is durable.
func (d *Disk) Crash(loss Loss) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.epoch++
	d.stats.Crashes++
	d.locks = make(map[string]*lock)
	if loss.KeepAll {
		d.stats.Kept++
		return // the cache outlives the process: what is dirty stays so
	}
	d.crashEntries(loss)
	d.durable.prune()
	nodes := d.nodes()
	for _, node := range nodes {
		d.crashContent(node, loss.Random)
	}
	d.seen = d.durable.clone()
}

// prune removes what lies in directories that are gone.
func (t tree) prune() {
	within := func(name string) bool {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if !t.dirs[dir] {
				return false
			}
		}
		return true
	}
	maps.DeleteFunc(t.files, func(name string, _ *inode) bool { return !within(name) })
	maps.DeleteFunc(t.dirs, func(name string, _ bool) bool { return !within(name) })
}

// nodes returns the files that are left, in the order of their names, so that a seed
// draws the same each time.
func (d *Disk) nodes() []*inode {
	names := make([]string, 0, len(d.durable.files))
	for name := range d.durable.files {
		names = append(names, name)
	}
	slices.Sort(names)
	nodes := make([]*inode, 0, len(names))
	for _, name := range names {
		nodes = append(nodes, d.durable.files[name])
	}
	return nodes
}

// crashEntries keeps or loses the changes of directories.
func (d *Disk) crashEntries(loss Loss) {
	kept := 0
	if loss.Random != nil {
		kept = loss.Random.IntN(len(d.pending) + 1)
	}
	for i := range d.pending {
		keep := i < kept
		if loss.Random != nil && loss.Reorder {
			keep = loss.Random.IntN(2) == 0
		}
		if keep {
			d.keepAbove(d.pending[i].dir)
			d.pending[i].apply(d.durable)
		} else {
			d.stats.Lost++
		}
	}
	d.pending = nil
}

// keepAbove keeps a directory and those above it: no disk has an entry of a directory
// that it does not have.
func (d *Disk) keepAbove(name string) {
	for i := range d.pending {
		if c := &d.pending[i]; c.kind == madeDir && (c.to == name || strings.HasPrefix(name, c.to+"/")) {
			c.apply(d.durable)
		}
	}
}

// crashContent keeps, tears or loses the writes of a file.
func (d *Disk) crashContent(node *inode, random *rand.Rand) {
	for i := range node.dirty {
		w := &node.dirty[i]
		const lost, torn, fates = 0, 1, 3
		fate := lost
		if random != nil {
			fate = random.IntN(fates)
		}
		switch {
		case fate == lost:
			d.stats.Lost++
		case fate == torn && !w.truncate:
			d.stats.Torn++
			node.durable = tear(node.durable, w, random)
		default:
			node.durable = w.apply(node.durable)
		}
	}
	node.dirty = nil
	node.data = slices.Clone(node.durable)
}

// tear applies some sectors of a write.
func tear(content []byte, w *write, random *rand.Rand) []byte {
	end := w.offset + int64(len(w.data))
	for at := w.offset; at < end; {
		next := min(end, at-at%SectorSize+SectorSize)
		if random.IntN(2) == 0 {
			part := write{offset: at, data: w.data[at-w.offset : next-w.offset]}
			content = part.apply(content)
		}
		at = next
	}
	return content
}

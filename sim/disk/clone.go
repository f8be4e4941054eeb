package disk

import (
	"maps"
	"slices"
)

// Clone returns a disk of its own with the same content, what is durable and what is not
// yet, so that several crashes can be tried of one moment. It has no handles, no locks, no
// Point and no Fault, and has counted nothing.
func (d *Disk) Clone() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	nodes := make(map[*inode]*inode)
	clone := New(Config{Forget: d.cfg.Forget, Capacity: d.cfg.Capacity})
	clone.seen, clone.durable = d.seen.deepClone(nodes), d.durable.deepClone(nodes)
	clone.pending = slices.Clone(d.pending)
	for i := range clone.pending {
		clone.pending[i].node = cloned(clone.pending[i].node, nodes)
	}
	return clone
}

// deepClone is clone with files of its own.
func (t tree) deepClone(nodes map[*inode]*inode) tree {
	files := make(map[string]*inode, len(t.files))
	for name, node := range t.files {
		files[name] = cloned(node, nodes)
	}
	return tree{files: files, dirs: maps.Clone(t.dirs)}
}

// cloned returns the copy of a file, the same each time.
func cloned(node *inode, nodes map[*inode]*inode) *inode {
	if node == nil {
		return nil
	}
	if nodes[node] == nil {
		nodes[node] = &inode{
			data: slices.Clone(node.data), durable: slices.Clone(node.durable),
			// What a write was to write is never changed.
			dirty: slices.Clone(node.dirty),
		}
	}
	return nodes[node]
}

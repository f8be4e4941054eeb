package disk

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// change is a change of directories.
type change struct {
	kind changeKind
	// dir is the directory of to, or of from where there is no to.
	dir      string
	from, to string
	node     *inode
}

type changeKind uint8

const (
	created changeKind = iota
	renamed
	removed
	madeDir
)

// apply carries out the change in a tree. It depends on no other change.
func (c *change) apply(t tree) {
	switch c.kind {
	case created:
		t.files[c.to] = c.node
	case renamed:
		delete(t.files, c.from)
		t.files[c.to] = c.node
	case removed:
		delete(t.files, c.from)
		delete(t.dirs, c.from)
	case madeDir:
		t.dirs[c.to] = true
	}
}

// in says whether the change is one of a directory.
func (c *change) in(dir string) bool {
	return c.dir == dir || c.kind == renamed && path.Dir(c.from) == dir
}

// do makes a change that programs see and that is not durable.
func (d *Disk) do(c change) {
	c.apply(d.seen)
	d.pending = append(d.pending, c)
}

func (p program) Rename(from, to string) error {
	d := p.disk
	from, to = p.full(from), p.full(to)
	_, err := p.begin(Op{Kind: OpRename, Path: to})
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	node := d.seen.files[from]
	if node == nil || d.seen.dirs[to] || !d.seen.dirs[path.Dir(to)] {
		return pathError("rename", from, fs.ErrNotExist)
	}
	d.do(change{kind: renamed, dir: path.Dir(to), from: from, to: to, node: node})
	return nil
}

func (p program) Remove(name string) error {
	d := p.disk
	name = p.full(name)
	_, err := p.begin(Op{Kind: OpRemove, Path: name})
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	switch {
	case d.seen.files[name] != nil:
	case !d.seen.dirs[name]:
		return pathError("remove", name, fs.ErrNotExist)
	case name == "." || len(d.names(name)) > 0:
		return pathError("remove", name, syscall.ENOTEMPTY)
	}
	d.do(change{kind: removed, dir: path.Dir(name), from: name})
	return nil
}

func (p program) MkdirAll(name string) error {
	d := p.disk
	name = p.full(name)
	_, err := p.begin(Op{Kind: OpMkdir, Path: name})
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	var missing []string
	for dir := name; !d.seen.dirs[dir]; dir = path.Dir(dir) {
		if d.seen.files[dir] != nil {
			return pathError("mkdir", dir, syscall.ENOTDIR)
		}
		missing = append(missing, dir)
	}
	slices.Reverse(missing)
	for _, dir := range missing {
		d.do(change{kind: madeDir, dir: path.Dir(dir), to: dir})
	}
	// No SyncDir can name the directory of the root, so this is to make it durable.
	if (name == p.root || slices.Contains(missing, p.root)) && !d.forgets(OpSyncDir) {
		d.keepRoot(p.root)
	}
	return nil
}

// keepRoot makes the root of a file system durable, and those above it.
func (d *Disk) keepRoot(root string) {
	d.pending = slices.DeleteFunc(d.pending, func(c change) bool {
		keep := c.kind == madeDir && (c.to == root || strings.HasPrefix(root, c.to+"/"))
		if keep {
			c.apply(d.durable)
		}
		return keep
	})
}

func (p program) ReadDir(name string) ([]string, error) {
	d := p.disk
	name = p.full(name)
	_, err := p.begin(Op{Kind: OpReadDir, Path: name})
	defer d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if !d.seen.dirs[name] {
		return nil, pathError("read directory", name, fs.ErrNotExist)
	}
	return d.names(name), nil
}

// names returns the names in a directory.
func (d *Disk) names(name string) []string {
	names := []string{}
	for file := range d.seen.files {
		if path.Dir(file) == name {
			names = append(names, path.Base(file))
		}
	}
	for dir := range d.seen.dirs {
		if dir != "." && path.Dir(dir) == name {
			names = append(names, path.Base(dir)+"/")
		}
	}
	slices.SortFunc(names, strings.Compare)
	return names
}

func (p program) Stat(name string) (size int64, err error) {
	d := p.disk
	name = p.full(name)
	_, err = p.begin(Op{Kind: OpStat, Path: name})
	defer d.mu.Unlock()
	if err != nil {
		return 0, err
	}
	node := d.seen.files[name]
	if node == nil {
		return 0, pathError("stat", name, fs.ErrNotExist)
	}
	return int64(len(node.data)), nil
}

func (p program) SyncDir(name string) error {
	d := p.disk
	name = p.full(name)
	_, err := p.begin(Op{Kind: OpSyncDir, Path: name})
	defer d.mu.Unlock()
	if err != nil {
		if errors.Is(err, syscall.EIO) {
			d.pending = slices.DeleteFunc(d.pending, func(c change) bool { return c.in(name) })
			if d.ignores(OpSyncDir) {
				return nil
			}
		}
		return err
	}
	if !d.seen.dirs[name] {
		return pathError("sync directory", name, fs.ErrNotExist)
	}
	if d.forgets(OpSyncDir) {
		return nil
	}
	rest := d.pending[:0]
	for _, c := range d.pending {
		if c.in(name) {
			c.apply(d.durable)
		} else {
			rest = append(rest, c)
		}
	}
	d.pending = rest
	return nil
}

// lock is a lock that a program holds.
type lock struct {
	disk  *Disk
	name  string
	epoch int
}

func (p program) Lock(name string) (io.Closer, error) {
	d := p.disk
	name = p.full(name)
	_, err := p.begin(Op{Kind: OpLock, Path: name})
	defer d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if d.locks[name] != nil {
		return nil, pathError("lock", name, vfs.ErrLocked)
	}
	l := &lock{disk: d, name: name, epoch: d.epoch}
	d.locks[name] = l
	return l, nil
}

// Close gives the lock back.
func (l *lock) Close() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	if l.disk.epoch == l.epoch && l.disk.locks[l.name] == l {
		delete(l.disk.locks, l.name)
	}
	return nil
}

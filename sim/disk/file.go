package disk

import (
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"
)

// SectorSize is the number of bytes that a disk writes as a whole or not at all.
const SectorSize = 512

// inode is the content of a file.
type inode struct {
	// data is what programs see, durable what outlives a crash.
	data, durable []byte
	// dirty are the writes that are not durable, in their order.
	dirty []write
}

// write is a change of a file's content.
type write struct {
	offset int64
	data   []byte
	// truncate: the file was cut, or grew by zeros, to offset.
	truncate bool
}

// apply returns content after the write.
func (w *write) apply(content []byte) []byte {
	end := w.offset + int64(len(w.data))
	if w.truncate {
		if end <= int64(len(content)) {
			return content[:end:end]
		}
		return grow(content, end)
	}
	content = grow(content, end)
	copy(content[w.offset:], w.data)
	return content
}

// grow returns content with at least that length.
func grow(content []byte, length int64) []byte {
	missing := length - int64(len(content))
	if missing <= 0 {
		return content
	}
	if length > int64(cap(content)) {
		// append alone grows a long slice by a quarter, and copies it all the more often.
		content = slices.Grow(content, int(max(missing, int64(len(content)))))
	}
	return append(content, make([]byte, missing)...)
}

func (n *inode) change(w write) {
	n.data = w.apply(n.data)
	n.dirty = append(n.dirty, w)
}

// sync makes what is dirty durable.
func (n *inode) sync() {
	for i := range n.dirty {
		n.durable = n.dirty[i].apply(n.durable)
	}
	n.dirty = nil
}

// File is an open file.
type File struct {
	disk  *Disk
	node  *inode
	name  string
	epoch int
	flag  int
	// at is where Read and Write go on.
	at     int64
	closed bool
}

func (p program) OpenFile(name string, flag int) (*File, error) {
	d := p.disk
	name = p.full(name)
	_, err := p.begin(Op{Kind: OpOpen, Path: name, Creates: flag&os.O_CREATE != 0})
	defer d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	node := d.seen.files[name]
	switch {
	case d.seen.dirs[name]:
		return nil, pathError("open", name, syscall.EISDIR)
	case node == nil && flag&os.O_CREATE == 0:
		return nil, pathError("open", name, fs.ErrNotExist)
	case node != nil && flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL:
		return nil, pathError("open", name, fs.ErrExist)
	case node == nil:
		if !d.seen.dirs[path.Dir(name)] {
			return nil, pathError("open", name, fs.ErrNotExist)
		}
		node = &inode{}
		d.do(change{kind: created, dir: path.Dir(name), to: name, node: node})
	}
	f := &File{disk: d, node: node, name: name, epoch: p.epoch, flag: flag}
	if flag&os.O_TRUNC != 0 && len(node.data) > 0 {
		node.change(write{truncate: true})
	}
	return f, nil
}

// begin begins an operation and checks the handle. It returns with the disk's mu locked.
func (f *File) begin(kind Kind, offset int64, length int) (Fault, error) {
	fault, err := program{f.disk, f.epoch, "."}.begin(Op{Kind: kind, Path: f.name, Offset: offset, Length: length})
	if gone := f.check(kind); gone != nil {
		return NoFault, gone
	}
	return fault, err
}

func (f *File) check(kind Kind) error {
	switch {
	case f.epoch != f.disk.epoch:
		return pathError(kind.String(), f.name, ErrCrashed)
	case f.closed:
		return pathError(kind.String(), f.name, fs.ErrClosed)
	default:
		return nil
	}
}

// ReadAt implements [io.ReaderAt].
func (f *File) ReadAt(p []byte, offset int64) (int, error) {
	fault, err := f.begin(OpRead, offset, len(p))
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if offset >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[offset:])
	if fault == ShortRead && n > 1 {
		return n / 2, io.ErrUnexpectedEOF
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Read implements [io.Reader].
func (f *File) Read(p []byte) (int, error) {
	fault, err := f.begin(OpRead, f.at, len(p))
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if f.at >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[f.at:])
	if fault == ShortRead && n > 1 {
		n /= 2 // which is allowed: a reader must go on
	}
	f.at += int64(n)
	return n, nil
}

// WriteAt implements [io.WriterAt].
func (f *File) WriteAt(p []byte, offset int64) (int, error) {
	_, err := f.begin(OpWrite, offset, len(p))
	defer f.disk.mu.Unlock()
	if err == nil && f.flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return 0, pathError("write", f.name, syscall.EBADF)
	}
	if grows := offset + int64(len(p)) - int64(len(f.node.data)); err == nil && grows > 0 &&
		f.disk.cfg.Capacity > 0 && f.disk.used()+grows > f.disk.cfg.Capacity {
		err = pathError("write", f.name, syscall.ENOSPC)
	}
	n := len(p)
	if err != nil {
		if gone := f.check(OpWrite); gone != nil {
			return 0, gone
		}
		n /= 2
	}
	if n > 0 {
		f.node.change(write{offset: offset, data: append([]byte(nil), p[:n]...)})
	}
	return n, err
}

// Write implements [io.Writer].
func (f *File) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	if f.flag&os.O_APPEND != 0 {
		f.at = int64(len(f.node.data))
	}
	at := f.at
	f.disk.mu.Unlock()
	n, err := f.WriteAt(p, at)
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.at = at + int64(n)
	return n, err
}

// Truncate cuts the file, or lets it grow by zeros, to size bytes.
func (f *File) Truncate(size int64) error {
	_, err := f.begin(OpTruncate, size, 0)
	defer f.disk.mu.Unlock()
	if err != nil {
		return err
	}
	f.node.change(write{offset: size, truncate: true})
	return nil
}

// Size returns the number of bytes in the file.
func (f *File) Size() (int64, error) {
	_, err := f.begin(OpStat, 0, 0)
	defer f.disk.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return int64(len(f.node.data)), nil
}

// Sync makes the content of the file durable, or fails and forgets which part of it was
// not.
func (f *File) Sync() error {
	_, err := f.begin(OpSync, 0, 0)
	defer f.disk.mu.Unlock()
	if err == nil && f.disk.forgets(OpSync) {
		return nil
	}
	if err == nil {
		f.node.sync()
		return nil
	}
	if f.check(OpSync) == nil {
		f.node.dirty = nil
		if f.disk.ignores(OpSync) {
			return nil
		}
	}
	return err
}

// Close closes the handle. It makes nothing durable and is no operation of its own.
func (f *File) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.check(OpOpen); err != nil {
		return err
	}
	f.closed = true
	return nil
}

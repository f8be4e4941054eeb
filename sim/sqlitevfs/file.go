package sqlitevfs

import (
	"errors"
	"io"
	"path"
	"slices"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// file is a file that a connection has open. It is used by one task at a time.
type file struct {
	vfs    *VFS
	tls    *libc.TLS
	inode  *inode
	opened vfs.File
	name   string
	// main: it is a database.
	main bool
	// syncDir: the next sync is also one of the directory.
	syncDir bool
	// level is the lock that it has, shm what it has of the shared memory.
	level int32
	shm   shmLocks
}

// inode is a file as all its connections have it open.
type inode struct {
	files []*file
	shm   shm
}

// enter notes a file that was opened.
func (v *VFS) enter(f *file) {
	v.mu.Lock()
	defer v.mu.Unlock()
	node := v.inodes[f.name]
	if node == nil {
		node = &inode{}
		v.inodes[f.name] = node
	}
	node.files = append(node.files, f)
	f.inode = node
	v.open++
	if f.main {
		connections.set(f.tls, v)
		// Opening goes on with draws, such as that of FTS5, before the first lock.
		reseed(f.tls)
	}
}

// leave gives up all that a file has.
func (v *VFS) leave(f *file) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f.leaveShm()
	node := f.inode
	node.files = slices.DeleteFunc(node.files, func(other *file) bool { return other == f })
	if len(node.files) == 0 && v.inodes[f.name] == node {
		delete(v.inodes, f.name)
	}
	v.open--
	if f.main {
		connections.remove(f.tls)
	}
}

func xClose(_ *libc.TLS, pFile uintptr) int32 {
	f := fileAt(pFile)
	f.vfs.leave(f)
	tokens.remove(at[cFile](pFile).token)
	*at[cFile](pFile) = cFile{}
	if f.opened.Close() != nil {
		return lib.SQLITE_IOERR_CLOSE
	}
	return lib.SQLITE_OK
}

// xRead reads, and fills what is missing at the end of the file with zeros.
func xRead(_ *libc.TLS, pFile, pBuf uintptr, amount int32, offset int64) int32 {
	f, buf := fileAt(pFile), unsafe.Slice(at[byte](pBuf), amount)
	for len(buf) > 0 {
		var n int
		err := guarded(func() (err error) {
			n, err = f.opened.ReadAt(buf, offset)
			return err
		})
		buf, offset = buf[n:], offset+int64(n)
		switch {
		case errors.Is(err, io.EOF):
			clear(buf)
			return shortRead(buf)
		case errors.Is(err, io.ErrUnexpectedEOF) && n > 0: // there is more
		case err != nil:
			return lib.SQLITE_IOERR_READ
		}
	}
	return lib.SQLITE_OK
}

func shortRead(missing []byte) int32 {
	if len(missing) == 0 {
		return lib.SQLITE_OK
	}
	return lib.SQLITE_IOERR_SHORT_READ
}

func xWrite(_ *libc.TLS, pFile, pBuf uintptr, amount int32, offset int64) int32 {
	f, buf := fileAt(pFile), unsafe.Slice(at[byte](pBuf), amount)
	err := guarded(func() error {
		_, err := f.opened.WriteAt(buf, offset)
		return err
	})
	if err != nil {
		return failed(err, lib.SQLITE_IOERR_WRITE)
	}
	return lib.SQLITE_OK
}

func xTruncate(_ *libc.TLS, pFile uintptr, size int64) int32 {
	f := fileAt(pFile)
	if guarded(func() error { return f.opened.Truncate(size) }) != nil {
		return lib.SQLITE_IOERR_TRUNCATE
	}
	return lib.SQLITE_OK
}

// xSync syncs the file, the first time also the directory of a journal that was made.
// On Unix SQLite does not tell if that fails; here it does.
func xSync(_ *libc.TLS, pFile uintptr, _ int32) int32 {
	f := fileAt(pFile)
	if guarded(f.opened.Sync) != nil {
		return lib.SQLITE_IOERR_FSYNC
	}
	if !f.syncDir {
		return lib.SQLITE_OK
	}
	if guarded(func() error { return f.vfs.cfg.Files.SyncDir(path.Dir(f.name)) }) != nil {
		return lib.SQLITE_IOERR_DIR_FSYNC
	}
	f.syncDir = false
	return lib.SQLITE_OK
}

func xFileSize(_ *libc.TLS, pFile, pSize uintptr) int32 {
	f := fileAt(pFile)
	err := guarded(func() (err error) {
		*at[int64](pSize), err = f.opened.Size()
		return err
	})
	if err != nil {
		return lib.SQLITE_IOERR_FSTAT
	}
	return lib.SQLITE_OK
}

// xFileControl knows no operation; SQLite does without them.
func xFileControl(*libc.TLS, uintptr, int32, uintptr) int32 { return lib.SQLITE_NOTFOUND }

func xSectorSize(*libc.TLS, uintptr) int32 { return disk.SectorSize }

func xDeviceCharacteristics(*libc.TLS, uintptr) int32 { return lib.SQLITE_IOCAP_POWERSAFE_OVERWRITE }

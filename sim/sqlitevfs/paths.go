package sqlitevfs

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// clean returns a path as the file system has it: without a slash at the beginning.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// xOpen opens a file: a database, a journal, a log, or a temporary one, which has no name.
func xOpen(tls *libc.TLS, pVfs, zName, pFile uintptr, flags int32, pOutFlags uintptr) int32 {
	v := vfsAt(pVfs)
	*at[cFile](pFile) = cFile{} // without methods SQLite does not close it
	f := &file{vfs: v, tls: tls, main: flags&lib.SQLITE_OPEN_MAIN_DB != 0}
	if zName == 0 {
		f.name = v.temporary()
	} else {
		f.name = clean(libc.GoString(zName))
	}
	const journals = lib.SQLITE_OPEN_MAIN_JOURNAL | lib.SQLITE_OPEN_SUPER_JOURNAL | lib.SQLITE_OPEN_WAL
	f.syncDir = flags&lib.SQLITE_OPEN_CREATE != 0 && flags&journals != 0
	err := guarded(func() (err error) {
		f.opened, err = v.cfg.Files.OpenFile(f.name, osFlags(flags))
		if err == nil && flags&lib.SQLITE_OPEN_DELETEONCLOSE != 0 {
			err = v.cfg.Files.Remove(f.name) // an open file stays good
		}
		return err
	})
	methods := ioMethods()
	if err != nil || methods == 0 {
		if f.opened != nil {
			_ = f.opened.Close()
		}
		return failed(err, lib.SQLITE_CANTOPEN)
	}
	if pOutFlags != 0 {
		*at[int32](pOutFlags) = flags
	}
	v.enter(f)
	*at[cFile](pFile) = cFile{Tsqlite3_file: lib.Tsqlite3_file{FpMethods: methods}, token: tokens.add(f)}
	return lib.SQLITE_OK
}

func osFlags(flags int32) int {
	flag := os.O_RDONLY
	if flags&lib.SQLITE_OPEN_READWRITE != 0 {
		flag = os.O_RDWR
	}
	if flags&lib.SQLITE_OPEN_CREATE != 0 {
		flag |= os.O_CREATE
	}
	if flags&lib.SQLITE_OPEN_EXCLUSIVE != 0 {
		flag |= os.O_EXCL
	}
	return flag
}

// temporary returns a name for a file without one.
func (v *VFS) temporary() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.temps++
	return "sqlite-temporary-" + strconv.Itoa(v.temps)
}

// failed returns SQLite's code for an error: code, unless more is known.
func failed(err error, code int32) int32 {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return lib.SQLITE_FULL
	case err != nil && code == lib.SQLITE_CANTOPEN && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist):
		return lib.SQLITE_IOERR
	default:
		return code
	}
}

// xDelete deletes a file, and syncs its directory if it is asked to.
func xDelete(_ *libc.TLS, pVfs, zName uintptr, syncDir int32) int32 {
	v, name := vfsAt(pVfs), clean(libc.GoString(zName))
	err := guarded(func() error { return v.cfg.Files.Remove(name) })
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return lib.SQLITE_IOERR_DELETE_NOENT
	case err != nil:
		return lib.SQLITE_IOERR_DELETE
	case syncDir == 0:
		return lib.SQLITE_OK
	}
	if guarded(func() error { return v.cfg.Files.SyncDir(path.Dir(name)) }) != nil {
		return lib.SQLITE_IOERR_DIR_FSYNC
	}
	return lib.SQLITE_OK
}

// xAccess says whether a file exists. An empty one counts as none, as on Unix.
func xAccess(_ *libc.TLS, pVfs, zName uintptr, flags int32, pResOut uintptr) int32 {
	v, name := vfsAt(pVfs), clean(libc.GoString(zName))
	var size int64
	err := guarded(func() (err error) {
		size, err = v.cfg.Files.Stat(name)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return lib.SQLITE_IOERR_ACCESS
	}
	exists := err == nil && (size > 0 || flags != lib.SQLITE_ACCESS_EXISTS)
	*at[int32](pResOut) = libc.Bool32(exists)
	return lib.SQLITE_OK
}

// xFullPathname returns the name that all connections know a file by.
func xFullPathname(_ *libc.TLS, _, zName uintptr, nOut int32, zOut uintptr) int32 {
	name := clean(libc.GoString(zName))
	if len(name) >= int(nOut) {
		return lib.SQLITE_CANTOPEN
	}
	out := unsafe.Slice(at[byte](zOut), nOut)
	out[copy(out, name)] = 0
	return lib.SQLITE_OK
}

func xSleep(_ *libc.TLS, pVfs uintptr, microseconds int32) int32 {
	v := vfsAt(pVfs)
	// What fails here fails at the next operation.
	_ = guarded(func() error {
		if v.alive() == nil {
			v.cfg.Sleep(time.Duration(microseconds) * time.Microsecond)
		}
		return nil
	})
	return microseconds
}

// julian is the Julian day of the beginning of 1970, in milliseconds.
const julian = 210_866_760_000_000

func xCurrentTimeInt64(_ *libc.TLS, pVfs, pTime uintptr) int32 {
	*at[int64](pTime) = julian + vfsAt(pVfs).cfg.Now().UnixMilli()
	return lib.SQLITE_OK
}

func xCurrentTime(_ *libc.TLS, pVfs, pTime uintptr) int32 {
	const day = 24 * 60 * 60 * 1000
	*at[float64](pTime) = float64(julian+vfsAt(pVfs).cfg.Now().UnixMilli()) / day
	return lib.SQLITE_OK
}

func xGetLastError(*libc.TLS, uintptr, int32, uintptr) int32 { return 0 }

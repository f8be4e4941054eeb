package sqlitevfs

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// xLock raises the lock on a database to SHARED, RESERVED or EXCLUSIVE, or fails at once
// with SQLITE_BUSY. One that was to be EXCLUSIVE and met others who have SHARED stays
// PENDING, which lets no new ones in.
func xLock(tls *libc.TLS, pFile uintptr, level int32) int32 {
	f := fileAt(pFile)
	if f.vfs.point("sqlite: lock "+f.name) != nil {
		return lib.SQLITE_IOERR_LOCK
	}
	if level > lib.SQLITE_LOCK_SHARED {
		reseed(tls)
	}
	f.vfs.mu.Lock()
	defer f.vfs.mu.Unlock()
	if f.level >= level {
		return lib.SQLITE_OK
	}
	others := f.others()
	switch {
	case level == lib.SQLITE_LOCK_SHARED:
		if others >= lib.SQLITE_LOCK_PENDING {
			return lib.SQLITE_BUSY
		}
	case others >= lib.SQLITE_LOCK_RESERVED:
		return lib.SQLITE_BUSY
	case level == lib.SQLITE_LOCK_EXCLUSIVE && others > lib.SQLITE_LOCK_NONE:
		f.level = lib.SQLITE_LOCK_PENDING
		return lib.SQLITE_BUSY
	}
	f.level = level
	return lib.SQLITE_OK
}

// others returns the highest lock that another connection has on the file.
func (f *file) others() int32 {
	highest := int32(lib.SQLITE_LOCK_NONE)
	for _, other := range f.inode.files {
		if other != f {
			highest = max(highest, other.level)
		}
	}
	return highest
}

// xUnlock lowers the lock.
func xUnlock(_ *libc.TLS, pFile uintptr, level int32) int32 {
	f := fileAt(pFile)
	f.vfs.mu.Lock()
	defer f.vfs.mu.Unlock()
	f.level = min(f.level, level)
	if f.vfs.alive() != nil {
		return lib.SQLITE_IOERR_UNLOCK
	}
	return lib.SQLITE_OK
}

// xCheckReservedLock says whether anyone has RESERVED or more.
func xCheckReservedLock(_ *libc.TLS, pFile, pResOut uintptr) int32 {
	f := fileAt(pFile)
	if f.vfs.alive() != nil {
		return lib.SQLITE_IOERR_CHECKRESERVEDLOCK
	}
	f.vfs.mu.Lock()
	defer f.vfs.mu.Unlock()
	*at[int32](pResOut) = libc.Bool32(max(f.level, f.others()) >= lib.SQLITE_LOCK_RESERVED)
	return lib.SQLITE_OK
}

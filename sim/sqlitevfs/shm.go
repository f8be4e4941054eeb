package sqlitevfs

import (
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// shm is the shared memory of a database: the index of its write-ahead log. It is made
// when the first connection asks for it and gone with the last one, and so is
// rebuilt from the log by the first connection after a crash.
type shm struct {
	regions []uintptr
	users   int
}

// shmLocks are the locks of one connection on the shared memory, a bit for each.
type shmLocks struct {
	joined            bool
	shared, exclusive uint32
}

// xShmMap returns the address of a part of the shared memory, 0 if there is none and it is
// not to be made.
func xShmMap(tls *libc.TLS, pFile uintptr, region, size, extend int32, pp uintptr) int32 {
	f := fileAt(pFile)
	*at[uintptr](pp) = 0
	if f.vfs.alive() != nil {
		return lib.SQLITE_IOERR_SHMMAP
	}
	f.vfs.mu.Lock()
	defer f.vfs.mu.Unlock()
	shared := &f.inode.shm
	if !f.shm.joined {
		f.shm.joined = true
		shared.users++
	}
	for len(shared.regions) <= int(region) {
		if extend == 0 {
			return lib.SQLITE_OK
		}
		made := lib.Xsqlite3_malloc64(tls, uint64(size)) //nolint:gosec // a size is not negative
		if made == 0 {
			return lib.SQLITE_NOMEM
		}
		clear(unsafe.Slice(at[byte](made), size))
		shared.regions = append(shared.regions, made)
	}
	*at[uintptr](pp) = shared.regions[region]
	return lib.SQLITE_OK
}

// xShmLock takes or gives back n locks on the shared memory, shared or exclusive, or
// fails at once with SQLITE_BUSY.
func xShmLock(tls *libc.TLS, pFile uintptr, first, n, flags int32) int32 {
	f := fileAt(pFile)
	mask := (uint32(1)<<n - 1) << first
	if flags&lib.SQLITE_SHM_UNLOCK != 0 {
		return f.unlockShm(mask)
	}
	if f.vfs.point("sqlite: lock log of "+f.name) != nil {
		return lib.SQLITE_IOERR_SHMLOCK
	}
	if flags&lib.SQLITE_SHM_EXCLUSIVE != 0 {
		reseed(tls)
	}
	f.vfs.mu.Lock()
	defer f.vfs.mu.Unlock()
	for _, other := range f.inode.files {
		taken := other.shm.exclusive
		if flags&lib.SQLITE_SHM_EXCLUSIVE != 0 {
			taken |= other.shm.shared
		}
		if other != f && taken&mask != 0 {
			return lib.SQLITE_BUSY
		}
	}
	if flags&lib.SQLITE_SHM_EXCLUSIVE != 0 {
		f.shm.exclusive |= mask
	} else {
		f.shm.shared |= mask
	}
	return lib.SQLITE_OK
}

func (f *file) unlockShm(mask uint32) int32 {
	f.vfs.mu.Lock()
	defer f.vfs.mu.Unlock()
	f.shm.shared &^= mask
	f.shm.exclusive &^= mask
	if f.vfs.alive() != nil {
		return lib.SQLITE_IOERR_SHMLOCK
	}
	return lib.SQLITE_OK
}

// xShmBarrier is where one connection's writes come to be seen by others: a place to let
// them look.
func xShmBarrier(_ *libc.TLS, pFile uintptr) {
	f := fileAt(pFile)
	// What fails here fails at the next operation.
	_ = f.vfs.point("sqlite: barrier of " + f.name)
}

func xShmUnmap(_ *libc.TLS, pFile uintptr, _ int32) int32 {
	f := fileAt(pFile)
	f.vfs.mu.Lock()
	defer f.vfs.mu.Unlock()
	f.leaveShm()
	return lib.SQLITE_OK
}

// leaveShm gives up the shared memory; the last one frees it.
func (f *file) leaveShm() {
	if !f.shm.joined {
		return
	}
	f.shm = shmLocks{}
	shared := &f.inode.shm
	if shared.users--; shared.users > 0 {
		return
	}
	for _, region := range shared.regions {
		lib.Xsqlite3_free(f.tls, region)
	}
	shared.regions = nil
}

package sqlitevfs

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// cFile is what SQLite knows an open file by. It allocates the memory.
type cFile struct {
	lib.Tsqlite3_file
	token uintptr
}

// at returns the address as a pointer. Memory of SQLite lies outside that of Go and does not
// move.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// address returns what stands in SQLite's tables for a function. It must be one of a
// package, not a closure: those are never moved or freed.
func address[F any](function F) uintptr { return *(*uintptr)(unsafe.Pointer(&function)) }

// longestPath is the greatest length of a path in bytes.
const longestPath = 512

// newTable allocates the sqlite3_vfs. It returns 0 if there is no memory.
func newTable(tls *libc.TLS, cname, token uintptr) uintptr {
	table := lib.Xsqlite3_malloc64(tls, uint64(unsafe.Sizeof(lib.Tsqlite3_vfs{})))
	if table == 0 {
		return 0
	}
	*at[lib.Tsqlite3_vfs](table) = lib.Tsqlite3_vfs{
		FiVersion: 2, FszOsFile: int32(unsafe.Sizeof(cFile{})), FmxPathname: longestPath, FzName: cname, FpAppData: token,
		FxOpen: address(xOpen), FxDelete: address(xDelete), FxAccess: address(xAccess), FxFullPathname: address(xFullPathname),
		FxRandomness: address(xRandomness), FxSleep: address(xSleep), FxGetLastError: address(xGetLastError),
		FxCurrentTime: address(xCurrentTime), FxCurrentTimeInt64: address(xCurrentTimeInt64),
	}
	return table
}

// ioMethods returns the table of what can be done with a file. Version 2 has shared memory and
// no memory mapping. It is made once and stays.
var ioMethods = sync.OnceValue(func() uintptr {
	tls := libc.NewTLS()
	defer tls.Close()
	table := lib.Xsqlite3_malloc64(tls, uint64(unsafe.Sizeof(lib.Tsqlite3_io_methods{})))
	if table == 0 {
		return 0
	}
	*at[lib.Tsqlite3_io_methods](table) = lib.Tsqlite3_io_methods{
		FiVersion: 2,
		FxClose:   address(xClose), FxRead: address(xRead), FxWrite: address(xWrite), FxTruncate: address(xTruncate),
		FxSync: address(xSync), FxFileSize: address(xFileSize), FxLock: address(xLock), FxUnlock: address(xUnlock),
		FxCheckReservedLock: address(xCheckReservedLock), FxFileControl: address(xFileControl),
		FxSectorSize: address(xSectorSize), FxDeviceCharacteristics: address(xDeviceCharacteristics),
		FxShmMap: address(xShmMap), FxShmLock: address(xShmLock), FxShmBarrier: address(xShmBarrier), FxShmUnmap: address(xShmUnmap),
	}
	return table
})

// tokens stand in SQLite's memory, which must not have pointers of Go, for what is ours.
var tokens registry

type registry struct {
	mu   sync.RWMutex
	last uintptr
	of   map[uintptr]any
}

func (r *registry) add(value any) uintptr {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = make(map[uintptr]any)
	}
	r.last++
	r.of[r.last] = value
	return r.last
}

func (r *registry) get(token uintptr) any {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.of[token]
}

func (r *registry) remove(token uintptr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, token)
}

// vfsAt returns the VFS of a sqlite3_vfs.
func vfsAt(table uintptr) *VFS { return tokens.get(at[lib.Tsqlite3_vfs](table).FpAppData).(*VFS) }

// fileAt returns the file of a sqlite3_file.
func fileAt(address uintptr) *file { return tokens.get(at[cFile](address).token).(*file) }

package sqlitevfs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// xRandomness fills memory from the source of the VFS.
func xRandomness(_ *libc.TLS, pVfs uintptr, n int32, out uintptr) int32 {
	return vfsAt(pVfs).draw(n, out)
}

func (v *VFS) draw(n int32, out uintptr) int32 {
	buf := unsafe.Slice(at[byte](out), n)
	for at := 0; at < len(buf); at += 8 {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], v.cfg.Random.Uint64())
		copy(buf[at:], word[:])
	}
	return n
}

// SQLite seeds its one generator of random numbers once, from the VFS that is the default,
// whatever connection draws. So a default is put in front that knows whose
// connection draws, and the generator is told to forget its seed before one may.

// reseed makes SQLite seed its generator again at the next draw.
func reseed(tls *libc.TLS) { lib.Xsqlite3_randomness(tls, 0, 0) }

// connections are those that have a database open on a VFS of this package.
var connections owners

type owners struct {
	mu sync.RWMutex
	of map[*libc.TLS]*VFS
}

func (o *owners) set(tls *libc.TLS, v *VFS) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = make(map[*libc.TLS]*VFS)
	}
	o.of[tls] = v
}

func (o *owners) remove(tls *libc.TLS) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.of, tls)
}

func (o *owners) get(tls *libc.TLS) *VFS {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.of[tls]
}

// usual is the default VFS of the process as it was found.
var usual struct {
	mu         sync.Mutex
	randomness func(*libc.TLS, uintptr, int32, uintptr) int32
}

// seedFromConnections makes a copy of the default VFS the default, once in a process: it
// differs in where random numbers come from, for connections of this package.
func seedFromConnections(tls *libc.TLS) error {
	usual.mu.Lock()
	defer usual.mu.Unlock()
	if usual.randomness != nil {
		return nil
	}
	found := lib.Xsqlite3_vfs_find(tls, 0)
	if found == 0 {
		return errors.New("SQLite has no default VFS")
	}
	cname, err := libc.CString("eventcore-default")
	if err != nil {
		return err
	}
	table := lib.Xsqlite3_malloc64(tls, uint64(unsafe.Sizeof(lib.Tsqlite3_vfs{})))
	if table == 0 {
		return errors.New("out of memory")
	}
	made := *at[lib.Tsqlite3_vfs](found)
	original := made.FxRandomness
	usual.randomness = *(*func(*libc.TLS, uintptr, int32, uintptr) int32)(unsafe.Pointer(&original))
	made.FpNext, made.FzName, made.FxRandomness = 0, cname, address(seedOfConnection)
	*at[lib.Tsqlite3_vfs](table) = made
	if code := lib.Xsqlite3_vfs_register(tls, table, 1); code != lib.SQLITE_OK {
		return fmt.Errorf("register a default VFS: code %d of SQLite", code)
	}
	return nil
}

// seedOfConnection is xRandomness of the default VFS.
func seedOfConnection(tls *libc.TLS, pVfs uintptr, n int32, out uintptr) int32 {
	if v := connections.get(tls); v != nil {
		return v.draw(n, out)
	}
	return usual.randomness(tls, pVfs, n, out)
}

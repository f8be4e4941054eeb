package sqlitevfs

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
)

// ErrInUse is what errors.Is finds in the error of [VFS.Close] where a database is open.
var ErrInUse = errors.New("a database on it is open")

// Config configures a [VFS]. Files is required.
type Config struct {
	// Files is where databases lie. If it has a method Alive() error, as the file systems
	// of package disk have, then no connection does anything any more once
	// that returns an error: the machine is dead.
	Files vfs.FS
	// Point is called before a lock is taken, with a name for it: it is where a simulation
	// switches tasks. Operations of Files should be such points themselves. nil: nothing.
	Point func(name string)
	// Random is what SQLite draws from. nil: a source that is the same each time.
	Random *rand.Rand
	// Now is the time that SQLite sees. nil: the beginning of 1970.
	Now func() time.Time
	// Sleep is how SQLite waits, for a lock or for a log that another connection
	// recovers. nil: it calls Point.
	Sleep func(d time.Duration)
}

// VFS is a file system as SQLite uses it, under a name of its own: one process of a
// machine. It is safe for concurrent use if its file system is.
type VFS struct {
	cfg   Config
	name  string
	token uintptr
	// table is the sqlite3_vfs, cname the name in it.
	table, cname uintptr
	tls          *libc.TLS

	mu sync.Mutex
	// inodes are the files that are open, by their names.
	inodes map[string]*inode
	open   int
	temps  int
	closed bool
}

// made counts the VFSs of the process: SQLite wants their names to differ.
var made atomic.Int64

// New registers a VFS with SQLite. The caller closes it.
func New(cfg Config) (*VFS, error) {
	if cfg.Files == nil {
		return nil, errors.New("sqlitevfs: Files is nil; set it to a file system, such as that of a disk.Disk")
	}
	if cfg.Random == nil {
		cfg.Random = rand.New(rand.NewPCG(0, 0)) //nolint:gosec // it is to be the same each time
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Unix(0, 0) }
	}
	if cfg.Point == nil {
		cfg.Point = func(string) {}
	}
	if cfg.Sleep == nil {
		cfg.Sleep = func(time.Duration) { cfg.Point("sqlite: sleep") }
	}
	v := &VFS{cfg: cfg, name: "eventcore" + strconv.FormatInt(made.Add(1), 10), tls: libc.NewTLS(), inodes: make(map[string]*inode)}
	if err := v.register(); err != nil {
		v.tls.Close()
		return nil, fmt.Errorf("sqlitevfs: %w", err)
	}
	return v, nil
}

// register puts the VFS into SQLite's list.
func (v *VFS) register() error {
	if err := seedFromConnections(v.tls); err != nil {
		return err
	}
	cname, err := libc.CString(v.name)
	if err != nil {
		return err
	}
	v.cname, v.token = cname, tokens.add(v)
	v.table = newTable(v.tls, cname, v.token)
	if v.table == 0 {
		v.free()
		return errors.New("out of memory")
	}
	if code := lib.Xsqlite3_vfs_register(v.tls, v.table, 0); code != lib.SQLITE_OK {
		v.free()
		return fmt.Errorf("register a VFS: code %d of SQLite", code)
	}
	return nil
}

func (v *VFS) free() {
	tokens.remove(v.token)
	libc.Xfree(v.tls, v.cname)
	lib.Xsqlite3_free(v.tls, v.table)
}

// Name is what SQLite knows the VFS by.
func (v *VFS) Name() string { return v.name }

// DSN is what the driver knows a database of that path by.
func (v *VFS) DSN(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?vfs=" + v.name
}

// Close takes the VFS from SQLite. It fails with [ErrInUse] and does nothing as long as a
// database on it is open. After the first time it does nothing.
func (v *VFS) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.closed:
		return nil
	case v.open > 0:
		return fmt.Errorf("sqlitevfs: close %s: %w: %d files of it; close it first", v.name, ErrInUse, v.open)
	}
	v.closed = true
	code := lib.Xsqlite3_vfs_unregister(v.tls, v.table)
	v.free()
	v.tls.Close()
	if code != lib.SQLITE_OK {
		return fmt.Errorf("sqlitevfs: close %s: code %d of SQLite", v.name, code)
	}
	return nil
}

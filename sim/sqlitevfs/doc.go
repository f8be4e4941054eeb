// Package sqlitevfs lets SQLite work on a file system of this module, such as the simulated
// disk of package disk, in place of that of the operating system.
//
//	fs, err := sqlitevfs.New(sqlitevfs.Config{Files: d.FS(), Random: random})
//	db, err := sql.Open("sqlite", fs.DSN("events.db"))
//
// It is a VFS of modernc.org/sqlite: Go functions whose addresses stand in the tables
// sqlite3_vfs and sqlite3_io_methods that SQLite calls. All that SQLite writes, syncs
// and deletes goes to the file system; locks and the shared memory of a write-ahead log are
// kept in this process, so that any number of connections of it work together, and
// end with it: a [VFS] is a process on a machine. Time, sleep and randomness come from
// its [Config], so that SQLite does the same each time.
//
// It syncs what the VFS of Unix systems syncs: a journal's directory with the first sync
// of the journal, the directory of a deleted file where SQLite asks for it. It says of the
// disk that a write changes nothing around it (SQLITE_IOCAP_POWERSAFE_OVERWRITE), as
// those do and as is true of package disk, and nothing else: writes may be torn.
//
// # Tasks
//
// Each operation of the file system is a yield point of its own, and so is each taking of
// a lock: a simulated task is parked in the middle of SQLite's C code. That is safe
// because SQLite holds no mutex there but that of the connection, which no two tasks use at
// once: the mutexes of its page cache, its memory and its random numbers are
// left before the VFS is called, and shared cache, which has more of them, is off unless it
// is asked for. A task that is taken down while it is parked here is not unwound by a
// panic, which C code does not survive: the call fails with SQLITE_IOERR, and SQLite
// ends what it does by itself.
//
// # What is shared by the process
//
// SQLite has one generator of random numbers and one page cache in a process. The
// first is seeded anew for the connection that is about to write, so that the bytes on
// the disk, of which it makes the salts, are those of the seed, unless several runs use
// SQLite at the same moment; their traces are the same all the same, since
// nothing but the salts is random. The second has room for 2 MB a connection, and takes
// pages from another connection, perhaps of another run, only where one has used
// that up: databases larger than that are read from the disk in an order that
// depends on what else runs.
package sqlitevfs

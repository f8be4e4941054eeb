// Package vfs is the file system as a store sees it: small enough for a simulated disk to
// take its place. [Dir] is the one of the operating system.
//
// Names are paths inside one root, as fs.ValidPath has them: with slashes, and "." for the
// root; others are refused. What is written is seen by all at once,
// but is durable, that is outlives a crash of the machine, only after [File.Sync] for
// the content of a file and [FS.SyncDir] for the names in a directory. Nothing else
// makes anything durable, as POSIX has it, even where an operating system does.
package vfs

import (
	"errors"
	"io"
)

// ErrLocked is what errors.Is finds when a lock is held by another one.
var ErrLocked = errors.New("it is locked")

// FS is a file system. Errors are those of package io/fs: errors.Is finds fs.ErrNotExist
// and fs.ErrExist. It is safe for concurrent use, unless it is a simulated one.
type FS interface {
	// OpenFile opens a file with flags of package os: O_RDONLY, O_WRONLY, O_RDWR, O_CREATE,
	// O_EXCL, O_TRUNC, O_APPEND.
	OpenFile(name string, flag int) (File, error)
	// Rename moves a file, over another one if there is one, at once for all who look. It
	// is durable once the directory of the new name is synced.
	Rename(from, to string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// MkdirAll makes a directory and those above it, unless they exist. No SyncDir can name
	// the directory in which the root is; so a root that it makes is durable at once, and
	// those above it that it makes; MkdirAll(".") makes also one durable that is there.
	MkdirAll(name string) error
	// ReadDir returns the names in a directory, sorted, those of directories with a slash
	// at the end.
	ReadDir(name string) ([]string, error)
	// Stat returns the size of a file in bytes.
	Stat(name string) (size int64, err error)
	// SyncDir makes the names in a directory durable, not the content of its files. As with
	// Sync, trying again after an error tells nothing: a name is durable only once it was
	// made anew, such as by another rename, and the directory synced after that.
	SyncDir(name string) error
	// Lock takes the lock of a file, which it makes if there is none, or fails at once with
	// ErrLocked. The lock is given back when the result is closed and when the process
	// ends in any way. Two handles of one process exclude each other too.
	Lock(name string) (io.Closer, error)
}

// File is an open file.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Closer
	// Truncate cuts the file, or lets it grow by zeros, to size bytes.
	Truncate(size int64) error
	// Size returns the number of bytes in the file.
	Size() (int64, error)
	// Sync makes the content durable. After an error it is not known what is, and trying
	// again tells nothing: Linux counts the pages as clean then.
	Sync() error
}

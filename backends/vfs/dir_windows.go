package vfs

import (
	"os"
	"syscall"
	"unsafe"
)

const (
	moveReplaceExisting = 1
	moveWriteThrough    = 8
)

// rename returns once the move is on the disk: Windows cannot sync a directory
// afterwards.
func rename(from, to string) error {
	source, err := syscall.UTF16PtrFromString(from)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	target, err := syscall.UTF16PtrFromString(to)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	move := syscall.NewLazyDLL("kernel32.dll").NewProc("MoveFileExW")
	//nolint:gosec // the pointers are used in the call alone
	ok, _, err := move.Call(uintptr(unsafe.Pointer(source)), uintptr(unsafe.Pointer(target)), moveReplaceExisting|moveWriteThrough)
	if ok == 0 {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// syncDir has only to find that the directory is there: renames are written through, and
// NTFS keeps its names in a journal. A name that was made or removed in another way may
// be undone by a loss of power all the same.
func syncDir(path string) error {
	_, err := os.Stat(path)
	return err
}

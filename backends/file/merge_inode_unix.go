//go:build unix

package file

import (
	"io/fs"
	"strconv"
	"syscall"
)

// inodeOf returns the number of a file on its file system.
func inodeOf(info fs.FileInfo) string {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(stat.Ino, 10)
	}
	return ""
}

//go:build unix

package processes

import "golang.org/x/sys/unix"

// monotonic returns the time of the machine's monotonic clock in nanoseconds, which is the
// same for all its processes.
func monotonic() (int64, error) {
	var at unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &at)
	return at.Nano(), err
}

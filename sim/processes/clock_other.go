//go:build !unix

package processes

import "errors"

// monotonic says that there is no clock which processes share.
func monotonic() (int64, error) {
	return 0, errors.New("processes: there is no clock that processes share on this system")
}

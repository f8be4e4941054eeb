// Package replace puts a new file in the place of an old one, so that nobody ever finds half of it.
package replace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// mode is what anybody may read and the owner write, if the umask lets them.
const mode = 0o644

// File makes data the content of the file at path, which need not be there yet; its folder must.
// Whoever reads the file meanwhile finds the old content or the new one, and so does whoever comes
// after the process was killed, or the machine lost its power. With an error the old one is
// there still. It is safe for concurrent use, also by several processes on the same path: the last
// one stays.
//
// A process that is killed in it may leave a file behind whose name ends in .tmp.
func File(path string, data []byte) (err error) {
	f, err := create(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		// Else a loss of power might leave the new name with nothing in it.
		err = f.Sync()
	}
	// Windows renames no file that is open.
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// create makes a file of a name of its own beside path: two who write the same file must not
// write one. That of [os.CreateTemp] nobody else could read, and a change of that would pass by
// the umask.
func create(path string) (*os.File, error) {
	for n := 0; ; n++ {
		f, err := os.OpenFile(fmt.Sprintf("%s.%d.tmp", path, n), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

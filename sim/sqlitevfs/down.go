package sqlitevfs

import (
	"errors"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// errDown is the error of an operation whose task was taken down.
var errDown = errors.New("sqlitevfs: the task is taken down")

// guarded calls do, and returns an error where the task is taken down in it: the panic that
// does so must not reach SQLite.
func guarded(do func() error) (err error) {
	defer yield.Recover(&err, errDown)
	return do()
}

// point parks the task, and says why the connection may not go on after that.
func (v *VFS) point(name string) error {
	return guarded(func() error {
		// What was dead before is no point any more.
		if err := v.alive(); err != nil {
			return err
		}
		v.cfg.Point(name)
		return v.alive()
	})
}

// alive says why the machine is dead.
func (v *VFS) alive() error {
	if files, ok := v.cfg.Files.(interface{ Alive() error }); ok {
		return files.Alive()
	}
	return nil
}

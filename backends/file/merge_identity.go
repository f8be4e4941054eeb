package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// identity is what state/identity has: the name of the replica, and of which working copy
// it is the name.
type identity struct {
	Format      int               `json:"format"`
	Replica     eventcore.EventID `json:"replica"`
	Fingerprint string            `json:"fingerprint_sha256"`
}

// identify finds out which replica this is. A directory that was copied, or cannot be told
// from a copy, becomes a new one: one name too many costs nothing, one name for two
// working copies their histories.
func (m *MergeStore) identify() error {
	s := m.store
	if s.replica = m.cfg.Replica; s.replica != (eventcore.EventID{}) {
		return nil
	}
	print := m.cfg.Fingerprint
	if print == "" {
		var err error
		if print, err = fingerprint(s.dir); err != nil {
			return err
		}
	}
	print = hash([]byte(print))
	content, err := s.readFile(identityFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var known identity
	if err == nil && unsealed(content, &known) == nil && known.Format == format && known.Fingerprint == print {
		s.replica = known.Replica
		return nil
	}
	s.replica = s.cfg.IDs.NewEventID()
	if content, err = sealed(identity{Format: format, Replica: s.replica, Fingerprint: print}); err != nil {
		return err
	}
	return s.writeFile(identityFile, content, s.cfg.Fsync)
}

// fingerprint tells a directory from others: by where it is, its number on the file
// system, and the machine.
func fingerprint(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return strings.Join([]string{path, inodeOf(info), machine()}, "\n"), nil
}

// machine returns what names this machine, as far as it has a name.
func machine() string {
	for _, name := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id, err := os.ReadFile(name); err == nil && len(id) > 0 {
			return strings.TrimSpace(string(id))
		}
	}
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

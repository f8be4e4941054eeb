//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// serverAccount is the user that the server runs as.
type serverAccount struct {
	// other: it is not ours. PostgreSQL refuses to run as root.
	other    bool
	uid, gid uint32
}

// serverUser returns the user of this process, or for root another one that has fewer
// rights.
func serverUser() (serverAccount, error) {
	if os.Geteuid() != 0 {
		return serverAccount{}, nil
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(found.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return serverAccount{}, fmt.Errorf("pgtest: the user %s: %w", name, err)
		}
		return serverAccount{other: true, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	// initdb and the server look up no name as long as they are told one.
	const unused = 65533
	return serverAccount{other: true, uid: unused, gid: unused}, nil
}

// own gives a directory to the user.
func (u serverAccount) own(dir string) error {
	if !u.other {
		return nil
	}
	return os.Chown(dir, int(u.uid), int(u.gid))
}

// apply makes a command run as the user, in a session of its own.
func (u serverAccount) apply(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if u.other {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: u.uid, Gid: u.gid}
	}
}

//go:build !unix

package pgtest

import (
	"fmt"
	"os/exec"
	"runtime"
)

// serverAccount is the user that the server runs as.
type serverAccount struct{ other bool }

// serverUser refuses: the supervisor needs a shell and unix sockets.
func serverUser() (serverAccount, error) {
	return serverAccount{}, fmt.Errorf("pgtest: %w in a way that this package can start on %s; set %s to a server that runs",
		ErrNotInstalled, runtime.GOOS, DSNVariable)
}

func (serverAccount) own(string) error { return nil }

func (serverAccount) apply(*exec.Cmd) {}

package pgtest_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
)

const victimVariable = "EVENTCORE_PGTEST_VICTIM"

// parent returns a directory that any user may enter, unlike one of t.TempDir.
func parent(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "pgtest-") //nolint:usetesting // another user must enter it
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // that is what it is for
	return dir
}

// TestVictim is the process that is killed: it starts a server and says where.
func TestVictim(t *testing.T) {
	if os.Getenv(victimVariable) == "" {
		t.Skip("this is a part of another test")
	}
	c, err := pgtest.Start(t.Context(), pgtest.Config{})
	require.NoError(t, err)
	pid, err := os.ReadFile(filepath.Join(c.Dir(), "data", "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(pid), "\n")
	fmt.Fprintln(os.Stdout, "server", first, c.Dir())
	<-t.Context().Done() // for ever
}

func TestProcessThatIsKilledLeavesNothingBehind(t *testing.T) {
	_ = start(t, pgtest.Config{}) // or skip
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
			victim.Env = append(os.Environ(), victimVariable+"=1", pgtest.DSNVariable+"=")
			// Like Ctrl-C in a terminal, which reaches the whole group.
			victim.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			out, err := victim.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, victim.Start())
			var server int
			var dir string
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if n, _ := fmt.Sscanf(lines.Text(), "server %d %s", &server, &dir); n == 2 {
					break
				}
			}
			require.NotZero(t, server, "the victim started no server")
			require.DirExists(t, dir)
			require.NoError(t, syscall.Kill(server, 0))

			require.NoError(t, syscall.Kill(-victim.Process.Pid, signal))
			require.Error(t, victim.Wait())
			require.Eventually(t, func() bool {
				_, err := os.Stat(dir)
				return errors.Is(err, os.ErrNotExist) && errors.Is(syscall.Kill(server, 0), syscall.ESRCH)
			}, 20*time.Second, 10*time.Millisecond, "server %s of %s", strconv.Itoa(server), dir)
		})
	}
}

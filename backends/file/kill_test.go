package file_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const victimVariable = "EVENTCORE_FILE_VICTIM"

// TestVictim is the process that is killed: it appends and says how far it has come.
func TestVictim(t *testing.T) {
	dir := os.Getenv(victimVariable)
	if dir == "" {
		t.Skip("this is a part of another test")
	}
	s := open(t, dir, file.Config{})
	lease, err := s.TryAcquire(t.Context(), orders())
	require.NoError(t, err)
	fmt.Println("leads", lease.Token())
	id := eventcore.MustStreamID("a")
	for version := eventcore.Version(len(stream(t, s, id))); ; version++ {
		appendTo(t, s, version, 1, id)
		fmt.Println(version + 1)
	}
}

func TestAProcessThatIsKilledLosesNoAcknowledgedAppendAndItsLease(t *testing.T) {
	dir := t.TempDir()
	acknowledged := 0
	last := uint64(0)
	for range 5 {
		victim := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
		victim.Env = append(os.Environ(), victimVariable+"="+dir)
		out, err := victim.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, victim.Start())
		lines := bufio.NewScanner(out)
		token := uint64(0)
		for n := 0; n < 20 && lines.Scan(); n++ {
			if text, found := strings.CutPrefix(lines.Text(), "leads "); found {
				_, err := fmt.Sscan(text, &token)
				require.NoError(t, err)
			}
			if version, err := strconv.Atoi(lines.Text()); err == nil {
				acknowledged = version
			}
		}
		_, err = file.Open(t.Context(), dir, file.Config{})
		require.ErrorIs(t, err, vfs.ErrLocked)
		require.NoError(t, victim.Process.Signal(syscall.SIGKILL))
		for lines.Scan() {
			if version, err := strconv.Atoi(lines.Text()); err == nil {
				acknowledged = version
			}
		}
		require.Error(t, victim.Wait())

		s := open(t, dir, file.Config{})
		found := len(stream(t, s, eventcore.MustStreamID("a")))
		require.GreaterOrEqual(t, found, acknowledged)
		require.LessOrEqual(t, found, acknowledged+1)
		require.Greater(t, token, last)
		lease, err := s.TryAcquire(t.Context(), orders())
		require.NoError(t, err, "the lease ended with its process")
		require.Greater(t, lease.Token(), token)
		last = lease.Token()
		require.NoError(t, s.Close())
	}
	require.Positive(t, acknowledged)
}

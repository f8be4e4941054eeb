package pgtest

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// supervisor is a shell script that owns the server and its directory. It holds the
// reading end of a pipe whose writing end is ours alone. When that end is closed, which
// the kernel does however this process ends, the script stops the server and deletes
// the directory. It runs in a session of its own: Ctrl-C goes to this process, not to
// the script and the server.
//
//go:embed supervisor.sh
var supervisor string

// supervised is a server under the supervisor.
type supervised struct {
	dir   string
	shell *exec.Cmd
	// hold is the writing end of the pipe.
	hold io.Closer
	// ended is closed when the server has exited, for the reason in how; drained once
	// the supervisor has no more to say.
	ended, drained chan struct{}
	how            string

	stopping sync.Once
	stopped  error
}

// longestSocketDir leaves room for the socket's name in the 104 bytes that macOS has
// for its path.
const longestSocketDir = 80

// supervise makes the directory and starts the supervisor, which makes the cluster and
// starts the server.
func supervise(p programs, cfg Config) (*supervised, error) {
	user, err := serverUser()
	if err != nil {
		return nil, err
	}
	dir, err := makeDir(cfg.Parent, user)
	if err != nil {
		return nil, err
	}
	args := append([]string{"-c", supervisor, "pgtest", dir, p.initdb, p.postgres}, settings(dir, cfg)...)
	s := &supervised{dir: dir, shell: exec.Command("/bin/sh", args...), ended: make(chan struct{}), drained: make(chan struct{})}
	s.shell.Dir = dir
	// What PG variables are set is meant for clients.
	s.shell.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + dir}
	user.apply(s.shell)
	if err := s.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("pgtest: start the supervisor: %w", err), os.RemoveAll(dir))
	}
	return s, nil
}

// makeDir makes the temporary directory, which belongs to the server's user.
func makeDir(parent string, user serverAccount) (string, error) {
	if parent == "" {
		parent = os.TempDir()
		if user.other || len(parent) > longestSocketDir {
			// The server's user may not be able to enter ours, as in /root/tmp.
			parent = "/tmp"
		}
	}
	dir, err := os.MkdirTemp(parent, "eventcore-pg-")
	if err != nil {
		return "", fmt.Errorf("pgtest: make a directory for PostgreSQL: %w", err)
	}
	if err := user.own(dir); err != nil {
		return "", errors.Join(fmt.Errorf("pgtest: give the directory of PostgreSQL to its user: %w", err), os.Remove(dir))
	}
	return dir, nil
}

// settings returns the server's arguments.
func settings(dir string, cfg Config) []string {
	list := []string{
		"listen_addresses=", // the socket alone
		"unix_socket_directories=" + dir,
		"unix_socket_permissions=0700",
		"max_connections=200",
		"shared_buffers=64MB",
		"wal_level=minimal", // no replicas, no backups
		"max_wal_senders=0",
		"full_page_writes=off", // against torn pages after a crash of the machine
		"autovacuum_naptime=10s",
		"jit=off", // compiling costs more than any query here
		"timezone=UTC",
		"log_min_messages=warning",
	}
	if !cfg.Fsync {
		list = append(list, "fsync=off")
	}
	var args []string
	for _, setting := range append(list, cfg.Settings...) {
		args = append(args, "-c", setting)
	}
	return args
}

// start starts the shell and follows what it says of the server.
func (s *supervised) start() error {
	in, err := s.shell.StdinPipe()
	if err != nil {
		return err
	}
	out, err := s.shell.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.shell.Start(); err != nil {
		return err
	}
	s.hold = in
	go func() {
		defer close(s.drained)
		lines := bufio.NewScanner(out)
		if lines.Scan() {
			s.how = lines.Text()
		}
		close(s.ended)
		// The shell must not wait for a reader.
		_, _ = io.Copy(io.Discard, out)
	}()
	return nil
}

// logPath is where the server's log is.
func (s *supervised) logPath() string { return filepath.Join(s.dir, "log") }

// logTail returns the last lines that the server wrote.
func (s *supervised) logTail() string {
	const most = 2000
	log, err := os.ReadFile(s.logPath())
	if err != nil {
		return "there is no log of the server"
	}
	if len(log) > most {
		log = log[len(log)-most:]
	}
	return "the end of its log:\n" + strings.TrimSpace(string(log))
}

// stop lets go of the pipe and waits until the supervisor has cleaned up.
func (s *supervised) stop() error {
	s.stopping.Do(func() {
		if err := s.hold.Close(); err != nil {
			s.stopped = fmt.Errorf("pgtest: stop PostgreSQL: %w", err)
			return
		}
		// Not for ever: the supervisor waits for the server, which the kernel may hold.
		timer := time.AfterFunc(stopLimit, func() { _ = s.shell.Process.Kill() }) //nolint:forbidigo // waiting for another process
		<-s.drained
		err := s.shell.Wait()
		timer.Stop()
		if err != nil {
			s.stopped = fmt.Errorf("pgtest: stop PostgreSQL in %s: the supervisor ended with %w", s.dir, err)
		}
		s.stopped = errors.Join(s.stopped, os.RemoveAll(s.dir))
	})
	return s.stopped
}

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNotOurs is what errors.Is finds where the server is not this package's to stop.
var ErrNotOurs = errors.New("the server is the one that " + DSNVariable + " names; unset it to have one that can be crashed")

// CanCrash says whether the server is this package's own.
func (c *Cluster) CanCrash() bool { return c.server != nil }

// Crash stops the server at once, as pg_ctl stop -m immediate does, and starts it again. It
// returns once connections are accepted, after some 100 ms; those that there were are dead.
//
// The processes of the server end without a last word, so what they had in memory is gone:
// what is there afterwards was written before. What was written and not synced is there
// too, since the operating system goes on: this is no loss of power.
func (c *Cluster) Crash(ctx context.Context) error {
	if c.server == nil {
		return fmt.Errorf("pgtest: crash the server: %w", ErrNotOurs)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := c.server.crash(ctx); err != nil {
		return fmt.Errorf("pgtest: crash the server: %w", err)
	}
	c.control.Reset()
	return c.untilReady(ctx)
}

// crash returns once another process has taken the server's place.
func (s *supervised) crash(ctx context.Context) error {
	pid, err := s.pid()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dir, "again"), nil, 0o644); err != nil {
		return err
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	if err := process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	for {
		// The file is empty for a moment.
		if now, err := s.pid(); err == nil && now != pid {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("it was not started again: %s; %s", s.how, s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("it does not end (%w); %s", ctx.Err(), s.logTail())
		case <-time.After(pollEvery): //nolint:forbidigo // waiting for another process
		}
	}
}

// pid returns the server's process.
func (s *supervised) pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, "pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

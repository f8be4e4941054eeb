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
func (c *Cluster) Crash(ctx context.Context) error { return c.crash(ctx) }

// CrashTwice does what Crash does, and stops the server once more in the middle of its recovery. It
// returns once connections are accepted after all. again says where in its recovery: it goes
// around the moments that the log tells, from 1 on, and each time around a little later behind
// them.
func (c *Cluster) CrashTwice(ctx context.Context, again int) error { return c.crash(ctx, again) }

// moments are how the log tells how far a server has come that recovers, with what it says
// instead where there is nothing to do.
func moments() [][2]string {
	return [][2]string{
		{"database system was interrupted", "database system was interrupted"},
		{"redo starts at", "redo is not required"},
		{"redo done at", "redo is not required"},
	}
}

// momentDelay is how much later behind a moment the crash comes each time around.
const momentDelay = 5 * time.Millisecond

// crash stops the server, and again where its recovery has come to each of the moments.
func (c *Cluster) crash(ctx context.Context, again ...int) error {
	if c.server == nil {
		return fmt.Errorf("pgtest: crash the server: %w", ErrNotOurs)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	from := c.server.logSize()
	err := c.server.crash(ctx)
	for _, n := range again {
		if err == nil {
			err = c.server.awaitLog(ctx, from, moments()[(n-1)%len(moments())])
		}
		if err == nil {
			time.Sleep(time.Duration((n-1)/len(moments())) * momentDelay) //nolint:forbidigo // the server goes by real time
			err = c.server.crash(ctx)
		}
	}
	if err != nil {
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
	for {
		// A process that has just been started does not hear it yet.
		if err := process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
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

// logSize returns the length of the log.
func (s *supervised) logSize() int64 {
	info, err := os.Stat(s.logPath())
	if err != nil {
		return 0
	}
	return info.Size()
}

// awaitLog waits until the log says one of the texts, from an offset on.
func (s *supervised) awaitLog(ctx context.Context, from int64, texts [2]string) error {
	for {
		log, err := os.ReadFile(s.logPath())
		if err != nil {
			return err
		}
		if text := string(log[min(from, int64(len(log))):]); strings.Contains(text, texts[0]) || strings.Contains(text, texts[1]) {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("it ended before its log said %q: %s; %s", texts[0], s.how, s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("its log does not say %q (%w); %s", texts[0], ctx.Err(), s.logTail())
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

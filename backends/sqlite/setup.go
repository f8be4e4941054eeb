package sqlite

import (
	"context"
	"fmt"
)

// setUp sets what every session on a file needs.
func (s *Store) setUp(ctx context.Context, on *session) error {
	if s.memory {
		return nil
	}
	on.throwaway = true
	// Waiting for locks is done by whileBusy.
	return on.exec(ctx, "PRAGMA busy_timeout = 0")
}

// setUpWriter finds out what the database is and makes appends as durable as asked
// for.
func (s *Store) setUpWriter(ctx context.Context, on *session) error {
	var file, encoding string
	err := s.whileBusy(ctx, func() (err error) {
		if file, err = on.text(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'"); err != nil {
			return err
		}
		encoding, err = on.text(ctx, "PRAGMA encoding")
		return err
	})
	if err != nil {
		return err
	}
	// Prefixes are ranges of byte strings, and payloads come back byte by byte.
	if encoding != "UTF-8" {
		return fmt.Errorf("the database's encoding is %s; the store needs one made with PRAGMA encoding = 'UTF-8'", encoding)
	}
	if file == "" {
		// Written once: the session of a database in memory is never replaced.
		s.memory = true
		return nil
	}
	if err := s.setUp(ctx, on); err != nil {
		return err
	}
	if err := s.useWAL(ctx, on); err != nil {
		return err
	}
	if err := on.exec(ctx, "PRAGMA synchronous = "+s.cfg.Synchronous.pragma()); err != nil {
		return err
	}
	if s.cfg.Synchronous == SynchronousNormal {
		return nil
	}
	// On macOS a plain fsync leaves data in the drive's cache. Elsewhere this does
	// nothing.
	return on.exec(ctx, "PRAGMA fullfsync = ON")
}

// useWAL switches to write-ahead logging, in which readers and the writer do not
// block each other. The mode is kept in the file.
func (s *Store) useWAL(ctx context.Context, on *session) error {
	var mode string
	for _, query := range []string{"PRAGMA journal_mode", "PRAGMA journal_mode = WAL"} {
		// SQLite does not wait for the lock that a switch needs, whatever its busy
		// timeout: two processes that open a new file at once would meet here.
		err := s.whileBusy(ctx, func() (err error) {
			mode, err = on.text(ctx, query)
			return err
		})
		if err != nil {
			return fmt.Errorf("switch to write-ahead logging: %w", err)
		}
		if mode == "wal" {
			return nil
		}
	}
	return fmt.Errorf("the database stays in journal mode %q; the store needs one that supports write-ahead logging, on a local disk", mode)
}

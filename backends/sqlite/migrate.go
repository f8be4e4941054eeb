package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date.
//
// This is not done by a migration library because those at hand cannot be made safe
// where several processes start at once on SQLite: goose has session locks for
// PostgreSQL alone, begins its transactions without the write lock and makes its table
// of versions outside of them, and a lock taken around it on a second connection would
// lock it out. Here all of it is one transaction that begins with the write lock. The
// version is in a table of our own, because PRAGMA user_version may be in use by the
// program that brought the database.
func (s *Store) migrate(ctx context.Context, on *session) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	// A database that is up to date is opened without waiting for a writer.
	done, err := s.migrated(ctx, on, len(files))
	if err != nil || done == len(files) {
		return err
	}
	if err := s.begin(ctx, on); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err = s.migrateLocked(ctx, on, files); err == nil {
		err = on.exec(ctx, commit)
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("migrate: %w", on.undo(ctx, err))
}

// migrateLocked applies what is missing. Another process may have done so since
// migrate looked.
func (s *Store) migrateLocked(ctx context.Context, on *session, files []string) error {
	err := on.exec(ctx, `CREATE TABLE IF NOT EXISTS eventcore_migrations (
    version INTEGER PRIMARY KEY,
    name    TEXT NOT NULL
) STRICT`)
	if err != nil {
		return err
	}
	done, err := s.migrated(ctx, on, len(files))
	if err != nil {
		return err
	}
	for i, file := range files[done:] {
		script, err := migrations.ReadFile(file)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, "migrations/"), ".sql")
		if err := on.script(ctx, string(script)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := on.exec(ctx, "INSERT INTO eventcore_migrations (version, name) VALUES (?, ?)", int64(done+i+1), name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// migrated returns how many of the known migrations the database has.
func (s *Store) migrated(ctx context.Context, on *session, known int) (int, error) {
	var done int64
	err := s.whileBusy(ctx, func() error {
		exists, err := on.number(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'eventcore_migrations')")
		if err != nil || exists == 0 {
			return err
		}
		done, err = on.number(ctx, "SELECT ifnull(max(version), 0) FROM eventcore_migrations")
		return err
	})
	if err == nil && done > int64(known) {
		return 0, fmt.Errorf("the database has schema version %d, this program knows %d; use a newer version of the program", done, known)
	}
	return int(done), err
}

package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// lockMigrations makes processes that start at once take turns: even CREATE TABLE IF
	// NOT EXISTS fails when two do it together. Stores in other schemas wait too, which
	// is not for long.
	lockMigrations = "SELECT pg_advisory_xact_lock(7310313284104253812)"
	makeMigrations = `CREATE TABLE IF NOT EXISTS eventcore_migrations (
    version integer PRIMARY KEY,
    name    text    NOT NULL
)`
	countMigrations = "SELECT coalesce(max(version), 0) FROM eventcore_migrations"
	findEncoding    = "SELECT current_setting('server_encoding')"
	noteMigration   = "INSERT INTO eventcore_migrations (version, name) VALUES ($1, $2)"
)

// migrate brings the schema up to date.
//
// No migration library does this, since each simulated run and each test makes its
// tables anew, in a few milliseconds: goose, the one that could, asks for its lock with
// pauses of seconds where several processes start at once.
func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	// A database that is up to date is opened without a lock, and by a role that may not
	// change it.
	var done int
	err = s.pool.QueryRow(ctx, countMigrations).Scan(&done)
	switch {
	case hasCode(err, undefinedTable):
		done = 0
	case err != nil:
		return err
	}
	if done > len(files) {
		return newer(done, len(files))
	}
	if done == len(files) {
		return nil
	}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		return migrateLocked(ctx, tx, files)
	})
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// migrateLocked applies what is missing. Another process may have done so since migrate
// looked.
func migrateLocked(ctx context.Context, tx pgx.Tx, files []string) error {
	if err := checkEncoding(ctx, tx); err != nil {
		return err
	}
	// One round trip: without arguments, several statements are sent as they are.
	if _, err := tx.Exec(ctx, lockMigrations+";"+makeMigrations); err != nil {
		return err
	}
	var done int
	if err := tx.QueryRow(ctx, countMigrations).Scan(&done); err != nil {
		return err
	}
	if done > len(files) {
		return newer(done, len(files))
	}
	for i, file := range files[done:] {
		script, err := migrations.ReadFile(file)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(file, "migrations/"), ".sql")
		if _, err := tx.Exec(ctx, string(script), pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := tx.Exec(ctx, noteMigration, done+i+1, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// checkEncoding refuses a database that cannot hold every stream ID.
func checkEncoding(ctx context.Context, tx pgx.Tx) error {
	var encoding string
	if err := tx.QueryRow(ctx, findEncoding).Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the database's encoding is %s; create it with ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	return nil
}

func newer(done, known int) error {
	return fmt.Errorf("the database has schema version %d, this program knows %d; use a newer version of the program", done, known)
}

// hasCode says whether err is the server's with that code.
func hasCode(err error, code string) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == code
}

package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// session is a connection with the statements that were prepared on it. It is used by
// one caller at a time.
//
// Statements are the driver's, not those of database/sql, which closes a connection
// that it takes for lost without closing the statements that a [sql.Conn] has prepared.
// SQLite then keeps the connection until they are closed, with its transaction and the
// write lock.
//
// No statement is given a context that can be cancelled. The driver answers a context
// that ends while a statement runs with the context's error also where the statement
// succeeded, which for COMMIT would be a lie; and interrupting costs a goroutine a
// statement. Statements are kept short instead, and the context is asked between them.
type session struct {
	conn       *sql.Conn
	statements map[string]statement
	// throwaway: the connection is closed rather than handed back to its pool, because
	// its settings were changed.
	throwaway bool
	// stuck: a transaction could not be rolled back. Until it is, the session does nothing else.
	stuck bool
	// args is reused by each statement.
	args []sqldriver.NamedValue
}

// statement is what the driver's statements can do.
type statement interface {
	sqldriver.Stmt
	sqldriver.StmtExecContext
	sqldriver.StmtQueryContext
}

// use calls f with the driver's connection.
func (s *session) use(f func(sqldriver.Conn) error) error {
	var failed error
	err := s.conn.Raw(func(c any) error {
		finished := false
		defer func() {
			if !finished {
				// After a panic Raw closes the connection: see session.
				s.finalize()
			}
		}()
		conn, ok := c.(sqldriver.Conn)
		if !ok {
			failed = fmt.Errorf("%T is no connection of a driver", c)
		} else {
			failed = f(conn)
		}
		finished = true
		return nil // not the error: Raw might close the connection
	})
	if errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("the connection was closed when a call panicked; a database in memory is gone with it: %w", err)
	}
	if err != nil {
		return err
	}
	return failed
}

// prepared returns the statement for a query, which it keeps.
func (s *session) prepared(ctx context.Context, conn sqldriver.Conn, query string) (statement, error) {
	if found := s.statements[query]; found != nil {
		return found, nil
	}
	preparer, ok := conn.(sqldriver.ConnPrepareContext)
	if !ok {
		return nil, fmt.Errorf("the driver's %T has no PrepareContext; use modernc.org/sqlite", conn)
	}
	made, err := preparer.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	kept, ok := made.(statement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's %T has no ExecContext and QueryContext; use modernc.org/sqlite", made), made.Close())
	}
	s.statements[query] = kept
	return kept, nil
}

// bound returns arguments as the driver wants them, valid until the next call.
func (s *session) bound(args []sqldriver.Value) []sqldriver.NamedValue {
	s.args = s.args[:0]
	for i, value := range args {
		s.args = append(s.args, sqldriver.NamedValue{Ordinal: i + 1, Value: value})
	}
	return s.args
}

// exec runs a query without results.
func (s *session) exec(ctx context.Context, query string, args ...sqldriver.Value) error {
	ctx = context.WithoutCancel(ctx)
	return s.use(func(conn sqldriver.Conn) error {
		statement, err := s.prepared(ctx, conn, query)
		if err != nil {
			return err
		}
		_, err = statement.ExecContext(ctx, s.bound(args))
		clear(s.args) // they hold payloads
		return err
	})
}

// script runs several queries without results.
func (s *session) script(ctx context.Context, queries string) error {
	return s.use(func(conn sqldriver.Conn) error {
		execer, ok := conn.(sqldriver.ExecerContext)
		if !ok {
			return fmt.Errorf("the driver's %T has no ExecContext; use modernc.org/sqlite", conn)
		}
		_, err := execer.ExecContext(context.WithoutCancel(ctx), queries, nil)
		return err
	})
}

// query runs a query and calls each with its rows, which are valid during the call, as
// long as that asks for more.
func (s *session) query(
	ctx context.Context, query string, args []sqldriver.Value, each func(row []sqldriver.Value) (more bool, err error),
) error {
	ctx = context.WithoutCancel(ctx)
	return s.use(func(conn sqldriver.Conn) (err error) {
		statement, err := s.prepared(ctx, conn, query)
		if err != nil {
			return err
		}
		rows, err := statement.QueryContext(ctx, s.bound(args))
		if err != nil {
			return err
		}
		// What closing says, the last row has said.
		defer func() { _ = rows.Close() }()
		row := make([]sqldriver.Value, len(rows.Columns()))
		for more := true; more; {
			if err := rows.Next(row); err != nil {
				return notEOF(err)
			}
			if more, err = each(row); err != nil {
				return err
			}
		}
		return nil
	})
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// numbers runs a query for one row of whole numbers and puts them into dest.
func (s *session) numbers(ctx context.Context, dest []int64, query string, args ...sqldriver.Value) error {
	return s.query(ctx, query, args, func(row []sqldriver.Value) (bool, error) {
		for i := range dest {
			number, ok := row[i].(int64)
			if !ok {
				return false, fmt.Errorf("column %d is a %T, not a whole number", i+1, row[i])
			}
			dest[i] = number
		}
		return false, nil
	})
}

// number runs a query for one whole number.
func (s *session) number(ctx context.Context, query string, args ...sqldriver.Value) (int64, error) {
	var dest [1]int64
	err := s.numbers(ctx, dest[:], query, args...)
	return dest[0], err
}

// text runs a query for one text.
func (s *session) text(ctx context.Context, query string, args ...sqldriver.Value) (found string, err error) {
	err = s.query(ctx, query, args, func(row []sqldriver.Value) (bool, error) {
		found = text(row[0])
		return false, nil
	})
	return found, err
}

// text returns a value as text, "" for NULL.
func text(value sqldriver.Value) string {
	switch v := value.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	default:
		return ""
	}
}

func (s *session) finalize() {
	for query, statement := range s.statements {
		// Closing repeats the error of the statement's last use.
		_ = statement.Close()
		delete(s.statements, query)
	}
}

// close ends the session. What it has not committed is rolled back.
func (s *session) close() error {
	if s.throwaway {
		s.stuck = false // closing the connection rolls back
	}
	return errors.Join(s.clean(context.Background()), s.release())
}

// release closes the connection or hands it back.
func (s *session) release() error {
	_ = s.use(func(sqldriver.Conn) error { s.finalize(); return nil })
	if s.throwaway {
		// This answer makes database/sql close the connection.
		_ = s.conn.Raw(func(any) error { return sqldriver.ErrBadConn })
		return nil
	}
	return s.conn.Close()
}

package sqlstep

import (
	"context"
	"database/sql/driver"
	"errors"
)

// stmt is a prepared statement each use of which is a step.
type stmt struct {
	inner driver.Stmt
	conn  *conn
	query string
	statement
}

// convertingStmt is a stmt whose inner one converts arguments.
type convertingStmt struct {
	*stmt
	driver.ColumnConverter
}

var (
	_ driver.StmtExecContext   = (*stmt)(nil)
	_ driver.StmtQueryContext  = (*stmt)(nil)
	_ driver.NamedValueChecker = (*stmt)(nil)
)

// Close implements [driver.Stmt].
func (s *stmt) Close() error { return s.inner.Close() }

// NumInput implements [driver.Stmt].
func (s *stmt) NumInput() int { return s.inner.NumInput() }

// ExecContext implements [driver.StmtExecContext].
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (result driver.Result, err error) {
	err = s.step(ctx, func(ctx context.Context) (err error) {
		result, err = execStatement(ctx, s.inner, args)
		return err
	})
	return result, err
}

// QueryContext implements [driver.StmtQueryContext].
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	var found driver.Rows
	err := s.step(ctx, func(ctx context.Context) (err error) {
		found, err = queryStatement(ctx, s.inner, args)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.conn.rows(ctx, found), nil
}

// step carries out the statement, as a step unless it was one before it was prepared.
func (s *stmt) step(ctx context.Context, do func(ctx context.Context) error) error {
	again := s.conn.skipped != "" && s.conn.skipped == s.query
	s.conn.skipped = ""
	return s.conn.call(ctx, &s.statement, !again, do)
}

// Exec implements [driver.Stmt].
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), ordinals(args))
}

// Query implements [driver.Stmt].
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), ordinals(args))
}

// CheckNamedValue implements [driver.NamedValueChecker]. database/sql asks the connection
// only if the statement does not implement it.
func (s *stmt) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := s.inner.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return s.conn.CheckNamedValue(value)
}

// execStatement executes a statement as database/sql does.
func execStatement(ctx context.Context, s driver.Stmt, args []driver.NamedValue) (driver.Result, error) {
	if execer, ok := s.(driver.StmtExecContext); ok {
		return execer.ExecContext(ctx, args)
	}
	values, err := unnamed(args)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 for drivers that have nothing else
	return s.Exec(values)
}

// queryStatement queries a statement as database/sql does.
func queryStatement(ctx context.Context, s driver.Stmt, args []driver.NamedValue) (driver.Rows, error) {
	if queryer, ok := s.(driver.StmtQueryContext); ok {
		return queryer.QueryContext(ctx, args)
	}
	values, err := unnamed(args)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 for drivers that have nothing else
	return s.Query(values)
}

// unnamed returns arguments for drivers that know no names.
func unnamed(args []driver.NamedValue) ([]driver.Value, error) {
	values := make([]driver.Value, len(args))
	for i := range args {
		if args[i].Name != "" {
			return nil, errors.New("sql: driver does not support the use of Named Parameters")
		}
		values[i] = args[i].Value
	}
	return values, nil
}

// ordinals returns arguments for drivers that know names.
func ordinals(values []driver.Value) []driver.NamedValue {
	args := make([]driver.NamedValue, len(values))
	for i, value := range values {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return args
}

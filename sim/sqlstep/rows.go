package sqlstep

import (
	"context"
	"database/sql/driver"
	"io"
	"reflect"

	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// page is the number of rows that are read in one step.
const page = 64

// rows are the result of a query, each page of which is a step. Like conn, they have
// every optional interface of package driver.
type rows struct {
	driver.Rows
	conn *conn
	ctx  context.Context
	// task is nil where they are not simulated.
	task yield.Task
	// read is the number of rows that were read.
	read int
	// ended: the last row was read.
	ended bool
	over  func()
}

var (
	_ driver.RowsNextResultSet              = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeLength           = (*rows)(nil)
	_ driver.RowsColumnTypeNullable         = (*rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*rows)(nil)
)

// rows wraps the result of a query.
func (c *conn) rows(ctx context.Context, inner driver.Rows) driver.Rows {
	task := c.task(ctx)
	r := &rows{Rows: inner, conn: c, ctx: ctx, task: task, over: c.ends(ctx, task)}
	c.sqlite.rows++
	return r
}

// Next implements [driver.Rows].
func (r *rows) Next(dest []driver.Value) error {
	if r.task == nil {
		return r.next(dest)
	}
	r.conn.calls.Add(1)
	defer r.conn.calls.Add(-1)
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if r.read%page == 0 {
		park(r.task, prefix+"rows")
		// database/sql closes them when the context has ended.
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
	r.read++
	return r.next(dest)
}

func (r *rows) next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	if err != nil && !r.HasNextResultSet() {
		r.end()
	}
	return err
}

// Close implements [driver.Rows].
func (r *rows) Close() error {
	err := r.Rows.Close()
	r.end()
	r.over()
	return err
}

// end notes that the result holds no locks any more.
func (r *rows) end() {
	if r.ended {
		return
	}
	r.ended = true
	r.conn.sqlite.rows--
	runs.released(r.conn.run)
}

// HasNextResultSet implements [driver.RowsNextResultSet].
func (r *rows) HasNextResultSet() bool {
	sets, ok := r.Rows.(driver.RowsNextResultSet)
	return ok && sets.HasNextResultSet()
}

// NextResultSet implements [driver.RowsNextResultSet].
func (r *rows) NextResultSet() error {
	if sets, ok := r.Rows.(driver.RowsNextResultSet); ok {
		return sets.NextResultSet()
	}
	return io.EOF
}

// ColumnTypeScanType implements [driver.RowsColumnTypeScanType].
func (r *rows) ColumnTypeScanType(index int) reflect.Type {
	if column, ok := r.Rows.(driver.RowsColumnTypeScanType); ok {
		return column.ColumnTypeScanType(index)
	}
	return reflect.TypeFor[any]()
}

// ColumnTypeDatabaseTypeName implements [driver.RowsColumnTypeDatabaseTypeName].
func (r *rows) ColumnTypeDatabaseTypeName(index int) string {
	if column, ok := r.Rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return column.ColumnTypeDatabaseTypeName(index)
	}
	return ""
}

// ColumnTypeLength implements [driver.RowsColumnTypeLength].
func (r *rows) ColumnTypeLength(index int) (length int64, ok bool) {
	if column, has := r.Rows.(driver.RowsColumnTypeLength); has {
		return column.ColumnTypeLength(index)
	}
	return 0, false
}

// ColumnTypeNullable implements [driver.RowsColumnTypeNullable].
func (r *rows) ColumnTypeNullable(index int) (nullable, ok bool) {
	if column, has := r.Rows.(driver.RowsColumnTypeNullable); has {
		return column.ColumnTypeNullable(index)
	}
	return false, false
}

// ColumnTypePrecisionScale implements [driver.RowsColumnTypePrecisionScale].
func (r *rows) ColumnTypePrecisionScale(index int) (precision, scale int64, ok bool) {
	if column, has := r.Rows.(driver.RowsColumnTypePrecisionScale); has {
		return column.ColumnTypePrecisionScale(index)
	}
	return 0, 0, false
}

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// Once is the one cluster of a test package. It is started when the first test needs it.
//
//	var server pgtest.Once
//
//	func TestMain(m *testing.M) { os.Exit(server.Run(m)) }
type Once struct {
	start   sync.Once
	cluster *Cluster
	err     error
}

// Cluster returns the cluster, or the error with which it did not start.
func (o *Once) Cluster() (*Cluster, error) {
	o.start.Do(func() { o.cluster, o.err = Start(context.Background(), Config{}) })
	return o.cluster, o.err
}

// DSN returns the connection string of an empty database of the test's own, which is
// dropped at its end, or skips the test where PostgreSQL is not installed.
func (o *Once) DSN(tb testing.TB) string {
	tb.Helper()
	cluster, err := o.Cluster()
	if errors.Is(err, ErrNotInstalled) {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	db, err := cluster.Database(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db.DSN
}

// Run runs the tests, then stops the cluster. It returns the exit code.
func (o *Once) Run(m *testing.M) int {
	code := m.Run()
	o.start.Do(func() {}) // a test that was given up must not start it now
	if o.cluster == nil {
		return code
	}
	if err := o.cluster.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

package pgstep_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim/pgstep"
)

// slowed returns the DSN of a socket from which the server's answers come late.
func slowed(t *testing.T, dsn string, late time.Duration) string {
	t.Helper()
	cfg, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)
	network, address := pgconn.NetworkAddress(cfg.Host, cfg.Port)
	folder := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(folder, fmt.Sprintf(".s.PGSQL.%d", cfg.Port)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, address)
			if err != nil {
				_ = client.Close()
				return
			}
			go func() {
				_, _ = io.Copy(server, client)
				_ = server.Close()
			}()
			go func() {
				_, _ = io.Copy(lateWriter{client, late}, server)
				_ = client.Close()
			}()
		}
	}()
	return fmt.Sprintf("host='%s' port=%d user='%s' password='%s' dbname='%s' sslmode=disable", folder, cfg.Port, cfg.User, cfg.Password, cfg.Database)
}

// lateWriter writes after a while.
type lateWriter struct {
	to   io.Writer
	late time.Duration
}

func (w lateWriter) Write(b []byte) (int, error) {
	time.Sleep(w.late)
	return w.to.Write(b)
}

// lateVictim gets to hear late that it is the victim of a deadlock.
type lateVictim struct {
	net.Conn
	late time.Duration
}

func (v lateVictim) Read(b []byte) (int, error) {
	n, err := v.Conn.Read(b)
	if bytes.Contains(b[:n], []byte("40P01")) {
		time.Sleep(v.late)
	}
	return n, err
}

// TestWhoClosesACircleIsNotHeldUpWhereAnswersAreLate: the server is asked for whom a session waits,
// breaks the circle, and the other one is back before the answer comes. On a busy machine that
// took the session for one that waits, and on others not.
func TestWhoClosesACircleIsNotHeldUpWhereAnswersAreLate(t *testing.T) {
	const (
		late    = 20 * time.Millisecond // the answers to questions of pgstep's
		closers = 50 * time.Millisecond // the time after which the one that closes the circle looks
		hears   = 4 * late              // after which it gets to hear of what it found
	)
	dsn := server.DSN(t)
	steps, err := pgstep.Open(t.Context(), slowed(t, dsn, late))
	require.NoError(t, err)
	t.Cleanup(steps.Close)
	admin := connected(t, dsn, "admin")
	_, err = admin.Exec(t.Context(), "CREATE TABLE late_circle (id int PRIMARY KEY, n int NOT NULL); INSERT INTO late_circle VALUES (1, 0), (2, 0)")
	require.NoError(t, err)
	run := new(int)
	session := func(row int) (*pgx.Conn, *loose, context.Context) {
		cfg, err := pgx.ParseConfig(dsn)
		require.NoError(t, err)
		cfg.Tracer = steps
		dial := cfg.DialFunc
		cfg.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return lateVictim{conn, hears}, err
		}
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
		task, ctx := begun(t, conn, run, "UPDATE late_circle SET n = n + 1 WHERE id = $1", row)
		return conn, task, ctx
	}
	waiting, task, ctx := session(1)
	closing, closer, closingCtx := session(2)
	_, err = closing.Exec(closingCtx, fmt.Sprintf("SET deadlock_timeout = '%dms'", closers.Milliseconds()))
	require.NoError(t, err)

	waited := make(chan error, 1)
	go func() {
		_, err := waiting.Exec(ctx, "UPDATE late_circle SET n = n + 1 WHERE id = 2")
		waited <- err
	}()
	<-task.held
	_, err = closing.Exec(closingCtx, "UPDATE late_circle SET n = n + 1 WHERE id = 1")
	var victim *pgconn.PgError
	require.ErrorAs(t, err, &victim)
	require.Equal(t, "40P01", victim.Code)
	select {
	case <-closer.held:
		require.Fail(t, "the one that closes the circle was taken for one that waits")
	default:
	}
	_, err = closing.Exec(closingCtx, "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, <-waited)
}

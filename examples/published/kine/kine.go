// Package kine puts kine, a log of revisions of keys with the API of etcd, beside the backends of this repository.
package kine

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/k3s-io/kine/pkg/drivers"
	"github.com/k3s-io/kine/pkg/drivers/generic"
	"github.com/k3s-io/kine/pkg/drivers/pgsql"
	"github.com/k3s-io/kine/pkg/drivers/sqlite"
	"github.com/k3s-io/kine/pkg/logstructured/sqllog"
	"github.com/k3s-io/kine/pkg/server"

	"github.com/eventcore-go/eventcore-sim/examples/published"
)

// Log is a [published.Log] and [published.Streams] on kine: a stream is a key, an event a revision of it. It is not started, as
// kine's server would start it: nothing polls for new rows and nothing is compacted.
type Log struct {
	backend server.Backend
	// log has the rows of all revisions, which the backend shows to those who watch it alone.
	log  *sqllog.SQLLog
	stop context.CancelFunc
	// running waits for the connections to be closed.
	running *sync.WaitGroup
}

// OpenPostgres opens kine in the place that a connection string leads to, of either form.
func OpenPostgres(ctx context.Context, dsn string, connections int) (*Log, error) {
	parsed, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("kine: %w", err)
	}
	return open(ctx, source(parsed), connections, func(ctx context.Context, running *sync.WaitGroup, cfg *drivers.Config) (server.Backend, *generic.Generic, error) {
		_, backend, err := pgsql.New(ctx, running, cfg)
		if err != nil {
			return nil, nil, err
		}
		// The dialect that the backend has is not handed out. It is this one, but for queries that no read of rows makes.
		dialect, err := generic.OpenDB(ctx, running, "pgx", stdlib.GetConnector(*parsed), cfg.ConnectionPoolConfig, "$", true, nil)
		if err != nil {
			return nil, nil, err
		}
		dialect.ErrCode = func(err error) string { return fmt.Sprint(err) }
		return backend, dialect, nil
	})
}

// source returns a connection string as kine wants it: a URL without a scheme.
func source(cfg *pgx.ConnConfig) string {
	query := url.Values{"host": {cfg.Host}, "port": {strconv.Itoa(int(cfg.Port))}, "sslmode": {"prefer"}}
	for name, value := range cfg.RuntimeParams {
		query.Set(name, value)
	}
	user := url.User(cfg.User)
	if cfg.Password != "" {
		user = url.UserPassword(cfg.User, cfg.Password)
	}
	return user.String() + "@/" + cfg.Database + "?" + query.Encode()
}

// OpenSQLite opens kine in a file, with the settings that it has by default but for that of how much is synced: FULL or NORMAL.
func OpenSQLite(ctx context.Context, path, synchronous string, connections int) (*Log, error) {
	dsn := path + "?" + strings.Replace(sqlite.DefaultParams, "_synchronous=NORMAL", "_synchronous="+synchronous, 1)
	return open(ctx, dsn, connections, func(ctx context.Context, running *sync.WaitGroup, cfg *drivers.Config) (server.Backend, *generic.Generic, error) {
		return sqlite.NewVariant(ctx, running, "sqlite3", cfg)
	})
}

// opener opens a database.
type opener func(context.Context, *sync.WaitGroup, *drivers.Config) (server.Backend, *generic.Generic, error)

func open(ctx context.Context, dsn string, connections int, database opener) (*Log, error) {
	ctx, stop := context.WithCancel(ctx)
	l := &Log{stop: stop, running: new(sync.WaitGroup)}
	cfg := &drivers.Config{DataSourceName: dsn, ConnectionPoolConfig: generic.ConnectionPoolConfig{MaxIdle: connections, MaxOpen: connections}}
	backend, dialect, err := database(ctx, l.running, cfg)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("kine: %w", err), l.Close())
	}
	l.backend, l.log = backend, sqllog.New(dialect, l.running, cfg)
	return l, nil
}

// Append implements [published.Log].
func (l *Log) Append(ctx context.Context, stream string, revision int64, data []byte) (int64, error) {
	if revision == 0 {
		created, err := l.backend.Create(ctx, stream, data, 0)
		if errors.Is(err, server.ErrKeyExists) {
			return 0, fmt.Errorf("%w: %w", published.ErrMoved, err)
		}
		return created, err
	}
	at, _, updated, err := l.backend.Update(ctx, stream, data, revision, 0)
	if err == nil && !updated {
		return 0, fmt.Errorf("%w: it is not at %d", published.ErrMoved, revision)
	}
	return at, err
}

// Page implements [published.Log].
func (l *Log) Page(ctx context.Context, after published.Position, limit int) ([]published.Event, error) {
	return events(l.log.After(ctx, "", "", int64(after.Lo), int64(limit)))
}

// Tail implements [published.Streams].
func (l *Log) Tail(ctx context.Context, stream string, revision int64) ([]published.Event, error) {
	return events(l.log.After(ctx, stream, "", revision, 0))
}

// Last implements [published.Streams]. It does not need the revision, and checks it.
func (l *Log) Last(ctx context.Context, stream string, revision int64) (published.Event, error) {
	_, kv, err := l.backend.Get(ctx, stream, 0, false)
	if err != nil {
		return published.Event{}, err
	}
	if kv == nil || kv.ModRevision != revision {
		return published.Event{}, fmt.Errorf("%w: it is not at %d", published.ErrMoved, revision)
	}
	return published.Event{Stream: kv.Key, Data: kv.Value, At: published.Position{Lo: uint64(kv.ModRevision)}}, nil
}

// events returns the events that a batch of kine's has.
func events(batch server.EventBatch, err error) ([]published.Event, error) {
	if err != nil {
		return nil, err
	}
	list := make([]published.Event, len(batch.Events))
	for i, event := range batch.Events {
		list[i] = published.Event{Stream: event.KV.Key, Data: event.KV.Value, At: published.Position{Lo: uint64(event.KV.ModRevision)}}
	}
	return list, nil
}

// Close implements [published.Log].
func (l *Log) Close() error {
	l.stop()
	l.running.Wait()
	return nil
}

package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

// cancelLimit is how long a statement whose context is done may take to end once the
// server was asked to cancel it. Then the connection is cut, and the outcome of an append
// is unknown.
const cancelLimit = 5 * time.Second

// Open connects to a database and brings its schema up to date; ParseConfig of
// pgxpool has the forms that a connection string may have, which may set the size of the
// pool too. The tables are made in the first schema of the search path and have names
// that begin with eventcore_. The caller closes the store. The context bounds opening
// alone.
//
// A statement whose context ends is cancelled on the server too, so that an append can
// usually tell what became of it.
func Open(ctx context.Context, dsn string, cfg Config) (*Store, error) {
	pool, err := connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s := newStore(pool, cfg)
	s.owned = true
	if err := s.migrate(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return s, nil
}

// New makes a store on a pool that the caller has made and closes after the store, and
// brings the schema up to date. Each call of the store takes one connection for as long
// as one round trip lasts, and gives it back.
//
// As pgx sets up connections, one whose context ends in the middle of a call is cut,
// so that the outcome of that append is unknown, and of all that were sent together with it. So
// each append is sent by itself unless [Config.MaxGroup] says otherwise. Set that where the pool
// has statements cancelled instead, as [Open] does, which harms none of the others; see
// [pgconn.CancelRequestContextWatcherHandler].
func New(ctx context.Context, pool *pgxpool.Pool, cfg Config) (*Store, error) {
	if cfg.MaxGroup == 0 {
		cfg.MaxGroup = 1
	}
	s := newStore(pool, cfg)
	if err := s.migrate(ctx); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return s, nil
}

func newStore(pool *pgxpool.Pool, cfg Config) *Store {
	cfg = cfg.filled()
	return &Store{cfg: cfg, pool: pool, groups: newGroups(cfg)}
}

// connect makes a pool; it connects to nothing yet.
func connect(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	cfg.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelLimit}
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return pool, nil
}

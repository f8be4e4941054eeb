package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"

	_ "modernc.org/sqlite" // the driver

	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// bank is the application: events and read model in one SQLite file. It is safe for
// concurrent use, by several processes too.
type bank struct {
	store    *sqlite.Store
	db       *sql.DB
	registry *eventcore.Registry
	// log gets what an operator must see.
	log *slog.Logger
}

func openBank(ctx context.Context, path string, log io.Writer) (*bank, error) {
	store, err := sqlite.Open(ctx, path, sqlite.Config{})
	if err != nil {
		return nil, err
	}
	// The read model is written with transactions that begin with the write lock.
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(10000)")
	if err == nil {
		_, err = db.ExecContext(ctx, balancesTable)
	}
	b := &bank{store, db, newRegistry(), slog.New(slog.NewTextHandler(log, nil))}
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bank) close() error {
	if b.db == nil {
		return b.store.Close()
	}
	return errors.Join(b.db.Close(), b.store.Close())
}

func (b *bank) deposit(ctx context.Context, account eventcore.StreamID, cents int64) error {
	_, err := eventcore.Execute(ctx, b.store, &deposit{account, cents}, eventcore.WithCodec(b.registry))
	return err
}

func (b *bank) transfer(ctx context.Context, from, to eventcore.StreamID, cents int64) error {
	if from == to {
		return fmt.Errorf("transfer from %s to itself: %w", from, errUseless)
	}
	_, err := eventcore.Execute(ctx, b.store, &transfer{from, to, cents}, eventcore.WithCodec(b.registry))
	return err
}

// project brings the read model up to date. Only one process at a time leads; where
// another one does, this one waits until it may.
func (b *bank) project(ctx context.Context) (eventcore.Projected, error) {
	subscription := eventcore.MustSubscriptionID("balances")
	return eventcore.RunProjection(ctx, b.store, &balances{store: b.store, db: b.db, subscription: subscription},
		eventcore.WithProjectionCodec(b.registry), eventcore.WithSubscription(subscription),
		eventcore.WithCoordinator(b.store), eventcore.WithProjectionLogger(b.log))
}

// row is a line of the read model.
type row struct {
	account string
	cents   int64
}

// balances returns the read model.
func (b *bank) balances(ctx context.Context) (all []row, err error) {
	rows, err := b.db.QueryContext(ctx, "SELECT account, cents FROM balances ORDER BY account")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.account, &r.cents); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

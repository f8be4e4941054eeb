package published

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/jackc/pgx/v5/pgxpool"
)

// topic is the table that all events are in.
const topic = "events"

// inStream is the metadata that has the stream of an event.
const inStream = "stream"

// Watermill is a [Log] on a topic of Watermill's PostgreSQL Pub/Sub: an event is a message, published with its own
// publisher and read with its own query. It knows no streams, so an append never finds that one has moved.
type Watermill struct {
	pool      *pgxpool.Pool
	schema    sql.DefaultPostgreSQLSchema
	publisher *sql.Publisher
}

// OpenWatermill makes the topic on a pool, which the log closes. Its messages are handed out by the page, so the subscriber
// that polls for them is not used.
func OpenWatermill(ctx context.Context, pool *pgxpool.Pool) (*Watermill, error) {
	w := &Watermill{pool: pool}
	queries, err := w.schema.SchemaInitializingQueries(sql.SchemaInitializingQueriesParams{Topic: topic})
	if err != nil {
		return nil, fmt.Errorf("watermill: %w", err)
	}
	for _, query := range queries {
		if _, err := pool.Exec(ctx, query.Query, query.Args...); err != nil {
			return nil, fmt.Errorf("watermill: %w", err)
		}
	}
	cfg := sql.PublisherConfig{SchemaAdapter: w.schema}
	if w.publisher, err = sql.NewPublisher(sql.BeginnerFromPgx(pool), cfg, watermill.NopLogger{}); err != nil {
		return nil, fmt.Errorf("watermill: %w", err)
	}
	return w, nil
}

// Append implements [Log]. It ignores the revision that it is given and counts none.
func (w *Watermill) Append(ctx context.Context, stream string, _ int64, data []byte) (int64, error) {
	m := message.NewMessageWithContext(ctx, watermill.NewUUID(), data)
	m.Metadata.Set(inStream, stream)
	return 0, w.publisher.Publish(topic, m)
}

// Page implements [Log] with the query that the subscriber makes, behind a position of the caller's instead of one that
// is kept for a consumer group.
func (w *Watermill) Page(ctx context.Context, after Position, limit int) ([]Event, error) {
	schema := w.schema
	schema.SubscribeBatchSize = limit
	query, err := schema.SelectQuery(sql.SelectQueryParams{Topic: topic, OffsetsAdapter: behind{at: after}})
	if err != nil {
		return nil, err
	}
	rows, err := w.pool.Query(ctx, query.Query, query.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	events := make([]Event, 0, limit)
	for rows.Next() {
		row, err := schema.UnmarshalMessage(sql.UnmarshalMessageParams{Row: rows})
		if err != nil {
			return nil, err
		}
		transaction, ok := row.ExtraData["transaction_id"].(sql.XID8)
		if !ok {
			return nil, fmt.Errorf("watermill: message %s has no transaction", row.UUID)
		}
		at := Position{Hi: uint64(transaction), Lo: uint64(row.Offset)}
		events = append(events, Event{Stream: row.Msg.Metadata.Get(inStream), Data: row.Payload, At: at})
	}
	return events, rows.Err()
}

// Close implements [Log].
func (w *Watermill) Close() error {
	err := w.publisher.Close()
	w.pool.Close()
	return err
}

// behind is an offset that nobody keeps.
type behind struct {
	sql.DefaultPostgreSQLOffsetsAdapter
	at Position
}

// NextOffsetQuery implements [sql.OffsetsAdapter].
func (b behind) NextOffsetQuery(sql.NextOffsetQueryParams) (sql.Query, error) {
	return sql.Query{
		Query: `SELECT $1::bigint AS offset_acked, $2::text::xid8 AS last_processed_transaction_id`,
		Args:  []any{int64(b.at.Lo), strconv.FormatUint(b.at.Hi, 10)},
	}, nil
}

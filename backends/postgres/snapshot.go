package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

const (
	loadSnapshot = "SELECT streams, state FROM eventcore_snapshots WHERE name_sha256 = $1 AND schema = $2"
	// Without the state, which may be large.
	lockSnapshot = "SELECT streams FROM eventcore_snapshots WHERE name_sha256 = $1 AND schema = $2 FOR UPDATE"
	// Another one may insert it first: then this waits for that, and does nothing.
	insertSnapshot = `INSERT INTO eventcore_snapshots (name_sha256, schema, name, streams, state) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name_sha256, schema) DO NOTHING`
	updateSnapshot = "UPDATE eventcore_snapshots SET streams = $3, state = $4 WHERE name_sha256 = $1 AND schema = $2"
)

// errNoName refuses a key without a name.
var errNoName = errors.New("the snapshot key has no name; give it that of the command")

// LoadSnapshot implements [eventcore.SnapshotStore].
func (s *Store) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	err := refusesKey(ctx, key)
	var streams string
	var state []byte
	if err == nil {
		err = s.withConn(ctx, func(conn *pgxpool.Conn) error {
			return conn.QueryRow(ctx, loadSnapshot, hashed(key), int64(key.Schema)).Scan(&streams, &state)
		})
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return eventcore.Snapshot{}, false, nil
	}
	var kept eventcore.Snapshot
	if err == nil {
		kept, err = decodeSnapshot(streams, state)
	}
	if err != nil {
		return eventcore.Snapshot{}, false, &eventcore.StoreFailure{Operation: eventcore.OpLoadSnapshot, Err: because(ctx, err)}
	}
	return kept, true, nil
}

// SaveSnapshot implements [eventcore.SnapshotStore]. The old snapshot is locked, compared
// and replaced in one transaction.
func (s *Store) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (bool, error) {
	if err := refusesKey(ctx, key); err != nil {
		return false, notDone(eventcore.OpSaveSnapshot, err)
	}
	streams, err := encodeStreams(snapshot.Streams)
	if err != nil {
		return false, notDone(eventcore.OpSaveSnapshot, err)
	}
	saved := false
	err = s.withConn(ctx, func(conn *pgxpool.Conn) error {
		return again(ctx, func() error {
			// A stricter level would refuse, and be tried again, where this one waits for the
			// lock and then sees what was committed meanwhile.
			return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) (err error) {
				saved, err = replace(ctx, tx, key, &snapshot, streams)
				return err
			})
		})
	})
	if err != nil {
		return false, changeFailed(ctx, eventcore.OpSaveSnapshot, err)
	}
	return saved, nil
}

// replace saves the snapshot if there is none or one that it covers.
func replace(ctx context.Context, tx pgx.Tx, key eventcore.SnapshotKey, snapshot *eventcore.Snapshot, streams string) (bool, error) {
	name, schema, state := hashed(key), int64(key.Schema), notNull(snapshot.State)
	for {
		var there string
		err := tx.QueryRow(ctx, lockSnapshot, name, schema).Scan(&there)
		if err == nil {
			old, err := decodeSnapshot(there, nil)
			if err != nil || !snapshot.Covers(&old) {
				return false, err
			}
			_, err = tx.Exec(ctx, updateSnapshot, name, schema, streams, state)
			return err == nil, err
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return false, err
		}
		done, err := tx.Exec(ctx, insertSnapshot, name, schema, []byte(key.Name), streams, state)
		if err != nil || done.RowsAffected() > 0 {
			return err == nil, err
		}
	}
}

// refusesKey says why nothing can be done for the key.
func refusesKey(ctx context.Context, key eventcore.SnapshotKey) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if key.Name == "" {
		return errNoName
	}
	return nil
}

func hashed(key eventcore.SnapshotKey) []byte {
	hash := sha256.Sum256([]byte(key.Name))
	return hash[:]
}

// notNull returns a state as an argument: nil would be NULL.
func notNull(state []byte) []byte {
	if state == nil {
		return []byte{}
	}
	return state
}

// streamAt is a stream of a vector as it is stored.
type streamAt struct {
	Stream  eventcore.StreamID `json:"stream"`
	Version eventcore.Version  `json:"version"`
}

func encodeStreams(streams []eventcore.StreamVersion) (string, error) {
	list := make([]streamAt, len(streams))
	for i, s := range streams {
		list[i] = streamAt(s)
	}
	text, err := json.Marshal(list)
	return string(text), err
}

func decodeSnapshot(streams string, state []byte) (eventcore.Snapshot, error) {
	var list []streamAt
	if err := json.Unmarshal([]byte(streams), &list); err != nil {
		return eventcore.Snapshot{}, fmt.Errorf("the versions of a snapshot: %w", err)
	}
	s := eventcore.Snapshot{Streams: make([]eventcore.StreamVersion, len(list)), State: state}
	for i, at := range list {
		s.Streams[i] = eventcore.StreamVersion(at)
	}
	return s, nil
}

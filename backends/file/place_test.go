package file_test

import (
	"context"
	"sync"
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/statetest"
)

// shared opens a directory once, however many handles it is used through: one store has
// it for itself. When a handle is closed that store is; the other handles open the next.
type shared struct {
	dir string
	mu  sync.Mutex
	now *file.Store
}

func (p *shared) store(ctx context.Context) (*file.Store, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now != nil {
		return p.now, nil
	}
	s, err := file.Open(context.WithoutCancel(ctx), p.dir, fast)
	if err == nil {
		p.now = s
	}
	return s, err
}

// handle is one of a place's.
type handle struct {
	place *shared
	mu    sync.Mutex
	// gone is the store that was closed with the handle.
	gone *file.Store
}

func (h *handle) store(ctx context.Context) (*file.Store, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone != nil {
		return h.gone, nil
	}
	return h.place.store(ctx)
}

func (h *handle) close(ctx context.Context) error {
	s, err := h.store(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gone = s
	h.place.mu.Lock()
	defer h.place.mu.Unlock()
	h.place.now = nil
	return s.Close()
}

func (h *handle) LoadCheckpoint(ctx context.Context, of eventcore.SubscriptionID) (eventcore.Position, error) {
	s, err := h.store(ctx)
	if err != nil {
		return eventcore.Position{}, err
	}
	return s.LoadCheckpoint(ctx, of)
}

func (h *handle) SaveCheckpoint(ctx context.Context, of eventcore.SubscriptionID, at eventcore.Position) (eventcore.Position, error) {
	s, err := h.store(ctx)
	if err != nil {
		return eventcore.Position{}, err
	}
	return s.SaveCheckpoint(ctx, of, at)
}

func (h *handle) TryAcquire(ctx context.Context, of eventcore.SubscriptionID) (eventcore.Lease, error) {
	s, err := h.store(ctx)
	if err != nil {
		return nil, err
	}
	return s.TryAcquire(ctx, of)
}

func (h *handle) LoadSnapshot(ctx context.Context, key eventcore.SnapshotKey) (eventcore.Snapshot, bool, error) {
	s, err := h.store(ctx)
	if err != nil {
		return eventcore.Snapshot{}, false, err
	}
	return s.LoadSnapshot(ctx, key)
}

func (h *handle) SaveSnapshot(ctx context.Context, key eventcore.SnapshotKey, snapshot eventcore.Snapshot) (bool, error) {
	s, err := h.store(ctx)
	if err != nil {
		return false, err
	}
	return s.SaveSnapshot(ctx, key, snapshot)
}

// place returns an empty directory for the checks that all stores share.
func place[S any](tb testing.TB) statetest.Place[S] {
	tb.Helper()
	p := &shared{dir: tb.TempDir()}
	return statetest.Place[S]{
		Open: func(ctx context.Context) (S, error) {
			_, err := p.store(ctx)
			opened, _ := any(&handle{place: p}).(S)
			return opened, err
		},
		Close: func(opened S) error { return any(opened).(*handle).close(context.WithoutCancel(tb.Context())) },
	}
}

func TestCheckpoints(t *testing.T) { statetest.Checkpoints(t, place[eventcore.CheckpointStore]) }

func TestLeases(t *testing.T) { statetest.Leases(t, place[eventcore.Coordinator]) }

func TestSnapshots(t *testing.T) { statetest.Snapshots(t, place[eventcore.SnapshotStore]) }

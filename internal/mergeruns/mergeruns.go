// Package mergeruns opens the file store's merge mode for simulated runs.
package mergeruns

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/merge"
)

// Open opens a working copy.
func Open(ctx context.Context, o merge.Options) (merge.Store, error) {
	return With(nil)(ctx, o)
}

// With is Open for stores whose configuration is changed first.
func With(change func(*file.MergeConfig, merge.Options)) merge.Open {
	return func(ctx context.Context, o merge.Options) (merge.Store, error) {
		cfg := file.MergeConfig{Config: file.Config{FS: o.FS, Clock: o.Clock, IDs: o.IDs}, Fingerprint: o.Fingerprint}
		if change != nil {
			change(&cfg, o)
		}
		s, err := file.OpenMerge(ctx, "", cfg)
		if err != nil {
			return nil, err
		}
		return store{s}, nil
	}
}

type store struct{ *file.MergeStore }

// Forks implements [merge.Store].
func (s store) Forks(ctx context.Context) ([][]eventcore.EventID, error) {
	forks, err := s.DetectForks(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([][]eventcore.EventID, 0, len(forks))
	for _, f := range forks {
		ids = append(ids, f.Transactions)
	}
	return ids, nil
}

// Reconcile implements [merge.Store].
func (s store) Reconcile(ctx context.Context, resolve func([]eventcore.EventID) merge.Resolution) error {
	_, err := s.MergeStore.Reconcile(ctx, func(_ context.Context, f file.Fork) ([]file.Settling, error) {
		r := resolve(f.Transactions)
		if r.Unresolvable {
			return nil, file.ErrUnresolvable
		}
		var out []file.Settling
		for _, forked := range f.Streams {
			if len(forked.Branches) > 1 && r.Type != "" {
				out = append(out, file.Settling{Stream: forked.Stream, Event: eventcore.Proposed{Type: r.Type, Data: []byte(`{}`)}})
			}
		}
		return out, nil
	})
	return err
}

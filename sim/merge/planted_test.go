package merge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/mergeruns"
	"github.com/eventcore-go/eventcore-sim/sim/merge"
)

// planted is a store that is right but for what is planted: nil is as it should be. What is
// planted sees the store and the options that it was opened with.
type planted struct {
	merge.Store
	opts merge.Options

	appends  func(context.Context, *planted, eventcore.Writes) (eventcore.Appended, error)
	stream   func([]eventcore.Recorded) []eventcore.Recorded
	all      func([]eventcore.Recorded) []eventcore.Recorded
	refresh  func(context.Context, *planted) error
	forks    func(context.Context, *planted) ([][]eventcore.EventID, error)
	settles  func(context.Context, *planted, func([]eventcore.EventID) merge.Resolution) error
	topology func(*planted) uint64

	// settled has the forks that were settled, delivered the events that a read of the global
	// order has had, hidden those that none has any more.
	settled           [][]eventcore.EventID
	delivered, hidden map[eventcore.EventID]bool
}

// plant opens the file store with what plant puts into it.
func plant(plant func(*planted)) merge.Open {
	return func(ctx context.Context, o merge.Options) (merge.Store, error) {
		s, err := mergeruns.Open(ctx, o)
		if err != nil {
			return nil, err
		}
		p := &planted{Store: s, opts: o, delivered: map[eventcore.EventID]bool{}, hidden: map[eventcore.EventID]bool{}}
		plant(p)
		return p, nil
	}
}

func (p *planted) Append(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
	if p.appends != nil {
		return p.appends(ctx, p, w)
	}
	return p.Store.Append(ctx, w)
}

func (p *planted) Refresh(ctx context.Context) error {
	if p.refresh != nil {
		return p.refresh(ctx, p)
	}
	return p.Store.Refresh(ctx)
}

func (p *planted) Forks(ctx context.Context) ([][]eventcore.EventID, error) {
	if p.forks != nil {
		return p.forks(ctx, p)
	}
	return p.Store.Forks(ctx)
}

func (p *planted) Reconcile(ctx context.Context, resolve func([]eventcore.EventID) merge.Resolution) error {
	if p.settles != nil {
		return p.settles(ctx, p, resolve)
	}
	return p.Store.Reconcile(ctx, resolve)
}

func (p *planted) TopologyGeneration() uint64 {
	if p.topology != nil {
		return p.topology(p)
	}
	return p.Store.TopologyGeneration()
}

func (p *planted) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		events, err := gather(p.Store.ReadStream(ctx, id, 0))
		if err != nil {
			yield(eventcore.Recorded{}, err)
			return
		}
		events = p.visible(events)
		for i := range events {
			events[i].Version = eventcore.Version(i + 1)
		}
		if p.stream != nil {
			events = p.stream(events)
		}
		for _, e := range events {
			if e.Version > after && !yield(e, nil) {
				return
			}
		}
	}
}

// ReadAll has positions that count what is not hidden.
func (p *planted) ReadAll(ctx context.Context, f eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		events, err := gather(p.Store.ReadAll(ctx, f, eventcore.Position{}, 0))
		if err != nil {
			yield(eventcore.Recorded{}, err)
			return
		}
		if events = p.visible(events); p.all != nil {
			events = p.all(events)
		}
		_, from := after.Parts()
		for i, e := range events {
			if limit > 0 && i == int(from)+limit {
				return
			}
			if i < int(from) {
				continue
			}
			p.delivered[e.ID] = true
			if e.Position = eventcore.NewPosition(0, uint64(i+1)); !yield(e, nil) {
				return
			}
		}
	}
}

func (p *planted) visible(events []eventcore.Recorded) []eventcore.Recorded {
	return slices.DeleteFunc(events, func(e eventcore.Recorded) bool { return p.hidden[e.ID] })
}

func gather(events iter.Seq2[eventcore.Recorded, error]) (all []eventcore.Recorded, err error) {
	for e, err := range events {
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// hide has the events of a transaction gone, if wanted wants them.
func (p *planted) hide(transaction eventcore.EventID, wanted func(eventcore.EventID) bool) error {
	f, err := p.opts.FS.OpenFile("events/"+transaction.String()+".jsonl", os.O_RDONLY)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	_, lines, _ := bytes.Cut(content, []byte("\n"))
	for line := range bytes.Lines(lines) {
		var e struct {
			ID eventcore.EventID `json:"id"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		if wanted(e.ID) {
			p.hidden[e.ID] = true
		}
	}
	return nil
}

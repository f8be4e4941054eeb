package file

import (
	"context"
	"fmt"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

// newGroups returns the queue of the appends that wait for one another.
func newGroups(cfg Config) *groupcommit.Queue[*pending] {
	return groupcommit.New[*pending](groupcommit.Config{Name: "file: append", Calls: cfg.MaxGroup, Size: groupcommit.MostBytes})
}

// pending is an append on its way.
type pending struct {
	writes *eventcore.Writes
	now    time.Time
	// draft is the file to be, if there is to be one.
	draft *draft
	// last is the number of events in the store with its own, if err is nil.
	last int
	// refused is why it has no file. It is the result once the group has ended: before, what
	// it was found to conflict with may still come to nothing.
	refused error
	err     error
}

// Size implements [groupcommit.Call].
func (p *pending) Size() int { return groupcommit.SizeOf(p.writes) }

// together carries out an append, with others that wait. It returns an error if nothing was
// begun.
func (s *Store) together(ctx context.Context, own *pending) error {
	return s.groups.Do(ctx, own, func(take func() (context.Context, []*pending)) (again bool) {
		if err := s.gate.Enter(ctx, "file: write"); err != nil {
			own.err = notApplied(err)
			return false
		}
		defer s.gate.Leave()
		if err := s.settle(); err != nil {
			own.err = notApplied(fmt.Errorf("an append before this one is not settled: %w", err))
			return false
		}
		ctx, group := take()
		return s.carryOut(ctx, group)
	})
}

// carryOut does or refuses each append of a group. again: nothing has come of any of them,
// which may be the fault of one, so each is to be carried out by itself.
func (s *Store) carryOut(ctx context.Context, group []*pending) (again bool) {
	drafts := s.plan(group)
	named, err := s.commit(ctx, drafts)
	if err != nil && named == 0 && len(group) > 1 {
		return true
	}
	for _, p := range group {
		switch {
		case err == nil:
			p.err = p.refused
		case p.draft != nil && named > 0:
			named--
			p.err = unknown(err)
		default:
			// Either its file has no name, or it was judged by appends whose outcome is unknown.
			p.err = notApplied(err)
		}
	}
	return false
}

// plan checks each append of a group against what those before it will leave, and returns
// the files of those that are not refused.
func (s *Store) plan(group []*pending) (drafts []*draft) {
	var ahead map[eventcore.StreamID]eventcore.Version
	if len(group) > 1 {
		ahead = make(map[eventcore.StreamID]eventcore.Version)
	}
	events := len(s.index.entries)
	for _, p := range group {
		p.draft, p.last, p.refused = nil, 0, s.checkVersions(p.writes, ahead)
		if p.refused != nil || len(p.writes.Events()) == 0 {
			continue
		}
		d, err := s.draft(p, drafts)
		if err != nil {
			p.refused = notApplied(err)
			continue
		}
		drafts = append(drafts, d)
		events += d.header.Events
		p.draft, p.last = d, events
		for _, b := range d.header.Streams {
			if ahead != nil {
				ahead[b.Stream] = b.Base + eventcore.Version(b.Events)
			}
		}
	}
	return drafts
}

// draft makes the file of an append that follows those drafts.
func (s *Store) draft(p *pending, before []*draft) (*draft, error) {
	var parents []eventcore.EventID
	if n := len(before); n > 0 {
		parents = []eventcore.EventID{before[n-1].header.Transaction}
	} else if n := len(s.index.files); n > 0 {
		parents = []eventcore.EventID{s.index.files[n-1].id}
	}
	t, payload, err := s.transaction(p.writes, parents)
	if err != nil {
		return nil, err
	}
	content, err := t.seal(payload, p.now)
	if err != nil {
		return nil, err
	}
	for _, d := range before {
		if d.header.Transaction == t.header.Transaction {
			return nil, usedID(t.header.Transaction)
		}
	}
	return newDraft(t, content), s.unused(t.header.Transaction)
}

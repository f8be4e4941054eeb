package sqlite

import (
	"context"
	"errors"
	"sync"

	"github.com/eventcore-go/eventcore-sim/internal/gate"
)

// ErrClosed is the cause of every failure of a store that was closed.
var ErrClosed = errors.New("the store is closed")

// pool keeps sessions of one kind and makes them when they are needed.
type pool struct {
	gate gate.Gate
	// name says in a simulation what is waited for.
	name string
	open func(ctx context.Context) (*session, error)

	mu   sync.Mutex
	idle []*session
}

func newPool(name string, size int, open func(context.Context) (*session, error)) *pool {
	return &pool{gate: gate.New(size, ErrClosed), name: name, open: open}
}

// get waits for a session. It is given back with put or drop.
func (p *pool) get(ctx context.Context) (*session, error) {
	if err := p.gate.Enter(ctx, p.name); err != nil {
		return nil, err
	}
	isReady := false
	found := p.take()
	// Also where a simulated task is taken down while it waits: who closes the pool waits for
	// all who are in.
	defer func() {
		switch {
		case isReady:
		case found != nil:
			p.put(found)
		default:
			p.gate.Leave()
		}
	}()
	if found != nil {
		err := found.clean(ctx)
		isReady = err == nil
		return found, err
	}
	opened, err := p.open(ctx)
	isReady = err == nil
	return opened, err
}

// take returns the session that was used last: its cache is the warmest.
func (p *pool) take() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	last := len(p.idle) - 1
	found := p.idle[last]
	p.idle = p.idle[:last]
	return found
}

func (p *pool) put(s *session) {
	p.mu.Lock()
	p.idle = append(p.idle, s)
	p.mu.Unlock()
	p.gate.Leave()
}

// drop closes a session of which it is not known what state it is in.
func (p *pool) drop(s *session) {
	// There is nothing to be done about a connection that does not close well.
	_ = s.close()
	p.gate.Leave()
}

// close refuses all further calls of get, waits for the sessions that are in use and
// closes them all.
func (p *pool) close() error {
	p.gate.Close()
	var all []error
	for _, s := range p.idle {
		all = append(all, s.close())
	}
	p.idle = nil
	return errors.Join(all...)
}

package coro

import "iter"

// Pull makes coroutines from [iter.Pull]. Where a function has returned, its coroutine waits
// for the next one: it keeps its stack, which has grown to what such functions need, and
// growing it is a great part of what a short run costs. The zero value is ready for use, by
// one goroutine at a time. [Pull.Close] ends those that wait.
type Pull struct{ idle []*puller }

// puller is a coroutine of iter.Pull that runs one function after another.
type puller struct {
	next    func() (struct{}, bool)
	stop    func()
	suspend func()
	body    func(suspend func())
	// ended says that the function has returned, and failure what it panicked with.
	ended   bool
	failure any
	// stopping: the function is to end where it is suspended.
	stopping bool
}

// pulled is one function.
type pulled struct {
	pool *Pull
	body func(suspend func())
	// by runs the function from when it is first resumed until it has returned.
	by    *puller
	ended bool
}

// New implements [Switcher].
func (p *Pull) New(body func(suspend func())) Coroutine { return &pulled{pool: p, body: body} }

// Close ends the coroutines that wait for a function. Those of functions that have not
// returned must be stopped before.
func (p *Pull) Close() {
	for _, w := range p.idle {
		w.stop()
	}
	p.idle = nil
}

// take returns a coroutine that has nothing to do.
func (p *Pull) take() *puller {
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return w
	}
	w := &puller{}
	w.next, w.stop = iter.Pull(w.run)
	return w
}

// run runs functions until the coroutine is stopped while it waits for one.
func (w *puller) run(yield func(struct{}) bool) {
	w.suspend = func() {
		// A deferred call of a stopped function must not park again.
		if w.stopping || !yield(struct{}{}) || w.stopping {
			panic(Stopped{})
		}
	}
	for goesOn := true; goesOn; goesOn = yield(struct{}{}) {
		w.failure = recovered(w.body, w.suspend)
		w.ended, w.body = true, nil
	}
}

func (c *pulled) Resume() bool {
	if c.ended {
		return false
	}
	if c.by == nil {
		c.by = c.pool.take()
		c.by.body, c.by.ended = c.body, false
		c.body = nil
	}
	c.by.next()
	return c.goesOn()
}

func (c *pulled) Stop() {
	if c.by == nil {
		c.ended = true
		return
	}
	c.by.stopping = true
	c.by.next()
	c.goesOn()
}

// goesOn says whether the function has more to do. If not, its coroutine is free for
// another one.
func (c *pulled) goesOn() bool {
	w := c.by
	if !w.ended {
		return true
	}
	c.by, c.ended = nil, true
	failure := w.failure
	w.failure, w.stopping = nil, false
	c.pool.idle = append(c.pool.idle, w)
	if failure != nil {
		panic(failure)
	}
	return false
}

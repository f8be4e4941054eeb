package coro

import (
	"runtime"
	"sync"
	"time"
)

// Baton makes coroutines from goroutines of which one at a time holds a baton.
type Baton struct{}

type runner struct {
	resume  chan bool // true to go on, false to stop
	parked  chan struct{}
	body    func(suspend func())
	started bool
	ended   bool
	failure any
	// exited: the function has ended its goroutine.
	exited bool

	mu sync.Mutex
	// blocked is set while the function may be held up outside the process.
	blocked func() bool
	// away: it was found to be held up and has lost the baton; back: it has returned
	// since, and waits to be resumed.
	away, back bool
	stopping   bool
}

// New implements [Switcher].
func (Baton) New(body func(suspend func())) Coroutine {
	return &runner{resume: make(chan bool), parked: make(chan struct{}), body: body}
}

func (c *runner) Resume() bool {
	if c.ended {
		return false
	}
	switch {
	case c.Away():
		c.mu.Lock()
		c.away, c.back = false, false
		c.mu.Unlock()
		c.resume <- true
	case c.started:
		c.resume <- true
	default:
		c.started = true
		go c.run()
	}
	c.await()
	return !c.ended
}

func (c *runner) Stop() {
	if c.ended || !c.started {
		c.ended = true
		return
	}
	// What is held up outside cannot be stopped before it comes back.
	for c.Away() && !c.Settle() {
		time.Sleep(pollEvery) //nolint:forbidigo // waiting for another process
	}
	c.mu.Lock()
	c.away, c.back = false, false
	c.mu.Unlock()
	c.resume <- false
	c.await()
}

// The times after which a function that does not come back is asked whether it is held
// up: first, and again when it has been gone for twice as long, but for no longer than that. Where the
// machine is busy all of them are slow, and asking makes them slower. pollEvery is that of others
// that wait. They decide when the answer is known, not what it is.
const (
	firstPoll   = 300 * time.Microsecond
	longestPoll = 5 * time.Millisecond
	pollEvery   = 200 * time.Microsecond
)

// await waits until the function parks, ends, or is found to be away.
func (c *runner) await() {
	select {
	case <-c.parked:
		c.raise()
		return
	default:
	}
	wait := firstPoll
	timer := time.NewTimer(wait) //nolint:forbidigo // see firstPoll
	defer timer.Stop()
	for {
		select {
		case <-c.parked:
			c.raise()
			return
		case <-timer.C:
			if c.leaves() {
				return
			}
			timer.Reset(wait)
			wait = min(2*wait, longestPoll)
		}
	}
}

// leaves takes the baton from a function that is held up.
func (c *runner) leaves() bool {
	held := c.held()
	c.mu.Lock()
	defer c.mu.Unlock()
	// It may have come back while it was asked.
	c.away = held && c.blocked != nil
	return c.away
}

// held asks whether the function is held up.
func (c *runner) held() bool {
	c.mu.Lock()
	blocked := c.blocked
	c.mu.Unlock()
	return blocked != nil && blocked()
}

// raise passes on how the function has ended, as iter.Pull does.
func (c *runner) raise() {
	if c.exited {
		runtime.Goexit()
	}
	if failure := c.failure; failure != nil {
		c.failure = nil
		panic(failure)
	}
}

// Outside implements [Outsider].
func (c *runner) Outside(blocked func() bool) (back func()) {
	c.mu.Lock()
	c.blocked = blocked
	c.mu.Unlock()
	return c.comeBack
}

// comeBack is called by the function when it is not held up any more.
func (c *runner) comeBack() {
	c.mu.Lock()
	c.blocked = nil
	if !c.away {
		c.mu.Unlock()
		return
	}
	c.back = true
	c.mu.Unlock()
	if !<-c.resume {
		c.stopping = true
		panic(Stopped{})
	}
}

// Away implements [Outsider].
func (c *runner) Away() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.away
}

// Back implements [Outsider].
func (c *runner) Back() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.back
}

// Settle implements [Outsider].
func (c *runner) Settle() bool {
	for !c.Back() {
		if c.held() {
			return c.Back()
		}
		time.Sleep(pollEvery / 4) //nolint:forbidigo // waiting for another process
	}
	return true
}

func (c *runner) run() {
	returned := false
	defer func() {
		c.ended, c.exited = true, !returned
		c.parked <- struct{}{}
	}()
	c.failure = recovered(c.body, func() {
		// A deferred call of a stopped function must not park again: nobody would
		// resume it.
		if c.stopping {
			panic(Stopped{})
		}
		c.parked <- struct{}{}
		if !<-c.resume {
			c.stopping = true
			panic(Stopped{})
		}
	})
	returned = true
}

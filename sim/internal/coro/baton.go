package coro

// Baton makes coroutines from goroutines of which one at a time holds a baton.
type Baton struct{}

type runner struct {
	resume  chan bool // true to go on, false to stop
	parked  chan struct{}
	body    func(suspend func())
	started bool
	ended   bool
	failure any
}

// New implements [Switcher].
func (Baton) New(body func(suspend func())) Coroutine {
	return &runner{resume: make(chan bool), parked: make(chan struct{}), body: body}
}

func (c *runner) Resume() bool {
	if c.ended {
		return false
	}
	if c.started {
		c.resume <- true
	} else {
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
	c.resume <- false
	c.await()
}

func (c *runner) await() {
	<-c.parked
	if failure := c.failure; failure != nil {
		c.failure = nil
		panic(failure)
	}
}

func (c *runner) run() {
	stopping := false
	c.failure = recovered(c.body, func() {
		// A deferred call of a stopped function must not park again: nobody would
		// resume it.
		if stopping {
			panic(Stopped{})
		}
		c.parked <- struct{}{}
		if !<-c.resume {
			stopping = true
			panic(Stopped{})
		}
	})
	c.ended = true
	c.parked <- struct{}{}
}

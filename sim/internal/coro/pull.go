package coro

import "iter"

// Pull makes coroutines from [iter.Pull].
type Pull struct{}

type pulled struct {
	next    func() (struct{}, bool)
	stop    func()
	failure any
}

// New implements [Switcher].
func (Pull) New(body func(suspend func())) Coroutine {
	c := &pulled{}
	c.next, c.stop = iter.Pull(func(yield func(struct{}) bool) {
		c.failure = recovered(body, func() {
			if !yield(struct{}{}) {
				panic(Stopped{})
			}
		})
	})
	return c
}

func (c *pulled) Resume() bool {
	_, more := c.next()
	c.raise()
	return more
}

func (c *pulled) Stop() {
	c.stop()
	c.raise()
}

func (c *pulled) raise() {
	if failure := c.failure; failure != nil {
		c.failure = nil
		panic(failure)
	}
}

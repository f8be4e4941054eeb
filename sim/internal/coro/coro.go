// Package coro runs functions that can be suspended in the middle.
//
// There are two ways to switch behind one interface. [Pull] switches directly from
// goroutine to goroutine without the Go scheduler and is for code that never blocks.
// [Baton] hands a baton over channels: four to eight times slower, but the holder
// may block on a server, for then the runtime simply runs other goroutines.
package coro

// Coroutine is a function that runs when it is resumed and stops where it
// suspends itself.
type Coroutine interface {
	// Resume runs the function until it suspends itself or returns, and says
	// whether it can be resumed again. A panic of the function is raised here.
	Resume() bool
	// Stop ends a suspended function: its suspend call panics with [Stopped] so
	// that deferred calls run. It does nothing after the function has returned.
	Stop()
}

// Switcher makes coroutines.
type Switcher interface {
	// New returns a coroutine that will run body. body must call suspend only from
	// its own goroutine.
	New(body func(suspend func())) Coroutine
}

// Outsider is a coroutine that may be held up outside the process, such as by a lock in a
// server that the function of another one holds. While it is, others may run. [Baton]
// makes them.
type Outsider interface {
	Coroutine
	// Outside is called by the function before it does what may hold it up; it calls
	// back afterwards. blocked is asked meanwhile, from another goroutine, whether the
	// function is held up until another one goes on. If so, Resume returns, and back does
	// so only once the function is resumed again.
	Outside(blocked func() bool) (back func())
	// Away says whether Resume returned because the function was held up.
	Away() bool
	// Back says whether a function that was away has come back and waits to be resumed.
	Back() bool
	// Settle waits until a function that is away either has come back, which it returns,
	// or is held up until another one goes on.
	Settle() bool
}

// Stopped is the value with which suspend panics after Stop.
type Stopped struct{}

// TakesDownTask marks it for yield.TakesDown.
func (Stopped) TakesDownTask() {}

// recovered runs body and returns what it panicked with, nil for Stopped.
func recovered(body func(suspend func()), suspend func()) (failure any) {
	defer func() {
		failure = recover()
		if _, stopped := failure.(Stopped); stopped {
			failure = nil
		}
	}()
	body(suspend)
	return nil
}

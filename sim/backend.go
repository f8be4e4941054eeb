package sim

import (
	"context"
	"io"
	"math/rand/v2"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// Backend is an event store implementation as the simulator sees it.
type Backend struct {
	// Name stands in reports and seed files.
	Name string
	// Open returns a fresh, empty store. A store that implements [io.Closer] is
	// closed at the end of its run. Open is called once a run, and once more after each
	// crash, from several goroutines where runs are parallel.
	Open func(ctx context.Context, env Env) (eventcore.Store, error)
	// Durable says that what was acknowledged lies on [Env.Disk] and nowhere else, so that
	// Open, called again with the same Env after a crash, opens the store that was there.
	// Crashes are then drawn.
	Durable bool
	// Abandon frees what a durable store has outside of Go's memory, such as that of a C
	// library, after its process has crashed and all calls have ended. It must not
	// count on the disk, on which nothing works for it any more. An error says that something
	// is left. nil: there is nothing.
	Abandon func(store eventcore.Store) error
	// Checksummed says of a file on the disk that the store notices a change of any bit of it,
	// when it is opened or when it reads it. Flips of bits are then drawn with crashes. nil: of
	// none, as of a format without checksums.
	Checksummed func(path string) bool
	// Kill ends all sessions that the store has on its server, in the middle of whatever
	// they do, as an administrator does or a server that restarts. It returns once they have
	// ended; the store stays open and makes new ones. Leases that live in a session are
	// lost. Kills are then drawn; nil: there are none.
	Kill func(ctx context.Context, store eventcore.Store) error
	// Restart crashes the server of a store that was opened with [Env.Alone], in the middle of
	// whatever it does, and starts it again. It returns once connections are accepted; the
	// store stays open and makes new ones. What was acknowledged is expected to be there.
	// Crashes of the server are then drawn, for few seeds; nil: there are none.
	Restart func(ctx context.Context, store eventcore.Store) error
	// RestartTwice does what Restart does and crashes the server once more in the middle of
	// its recovery; when, again says: early for 1, later for more, up to some 12. Such crashes
	// are then drawn among those of the server, and counted once it returns nil; nil: there are
	// none. It goes with Restart.
	RestartTwice func(ctx context.Context, store eventcore.Store, again int) error
	// Blocks says that calls of the store wait for something outside this
	// process, such as a server. Tasks then switch by goroutines, which may block,
	// not by the faster coroutines.
	Blocks bool
	// NetworkFaults says that the store is opened with the tracer and the dialer of package
	// pgstep, so that its requests to the server can be made to fail. Faults of requests are
	// then drawn. It goes with Blocks.
	NetworkFaults bool
}

// Env is what a run gives to the store it opens.
type Env struct {
	// Clock is the run's clock. A store that takes its time from elsewhere makes
	// traces that differ.
	Clock eventcore.Clock
	// Random is for the store's own choices; it is fixed by the seed. It is not
	// safe for concurrent use, which a simulated run never has.
	Random *rand.Rand
	// Disk is the run's own disk, each of whose operations is a yield point. It is empty
	// at the beginning.
	Disk *disk.Disk
	// Connections is how many connections a store that has a pool should have, 0 for its
	// usual number.
	Connections int
	// Alone says that the run will crash the store's server, which nothing else may use until
	// the store is closed. It is set for backends with [Backend.Restart] only.
	Alone bool
	// Point parks the task that is running, so that others may go on, if there is one:
	// what yield.Point is for code that has no context, such as a file system. The
	// store must not hold a real mutex when it is called.
	Point func(name string)
	// Sleep parks the task that is running for a time of the run's clock, if there is one: what
	// Clock.Sleep is for code that has no context. The same holds as for Point.
	Sleep func(d time.Duration)
}

// closeStore closes a store that can be closed.
func closeStore(store eventcore.Store) error {
	if closer, ok := store.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

package merge

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// world is a run.
type world struct {
	ctx    context.Context
	open   Open
	seed   uint64
	random *rand.Rand
	step   int
	counts map[string]int
	digest hash.Hash

	replicas []*replica
	// dumps has what a set of files was linearized to.
	dumps map[string]string
	// parsed has the headers of files by their content.
	parsed map[string]*header
	// merges counts on how many replicas a merge was made.
	merges map[eventcore.EventID]int
}

// replica is a working copy.
type replica struct {
	number int
	disk   *disk.Disk
	store  Store
	clock  *clock
	ids    eventcore.IDGenerator

	// left is the number of disk operations until it crashes, 0: it does not.
	left    int
	crashed bool
	loss    disk.Loss
	// faultIn is the number of disk operations until one fails, 0: none does.
	faultIn int
	faulted bool

	// acked are events of appends that were acknowledged, never those of appends that were
	// said not to be applied.
	acked []eventcore.EventID
	never map[eventcore.EventID]bool

	// passed is what a cursor has read, at where it is.
	passed []eventcore.EventID
	at     eventcore.Position
	// order and topology are the canonical order and its generation as last checked.
	order    []eventcore.EventID
	topology uint64
}

// clock stands still for some steps, and differs from that of others.
type clock struct {
	eventcore.SystemClock
	world *world
	skew  time.Duration
}

const tick = 6

func (c *clock) Now() time.Time {
	return time.Unix(1_900_000_000, 0).UTC().Add(c.skew + time.Duration(c.world.step/tick)*time.Second)
}

const (
	streams     = 4
	leastSteps  = 20
	mostSteps   = 45
	mostPerOp   = 24
	skewSeconds = 3
)

func (w *world) run() error {
	for i := range 2 + w.random.IntN(4) {
		r := &replica{number: i, disk: disk.New(disk.Config{}), clock: &clock{world: w, skew: time.Duration(w.random.IntN(skewSeconds)) * time.Second}}
		r.never = map[eventcore.EventID]bool{}
		r.ids = eventcore.NewIDGenerator(r.clock, prng.New(w.seed, "merge ids", uint64(i)))
		r.disk.SetPoint(func(string) {
			if r.left > 0 {
				if r.left--; r.left == 0 {
					r.crashed = true
					r.disk.Crash(r.loss)
				}
			}
		})
		r.disk.SetFault(func(op disk.Op) disk.Fault {
			if r.faultIn == 0 || op.Kind == disk.OpLock {
				return disk.NoFault
			}
			if r.faultIn--; r.faultIn > 0 {
				return disk.NoFault
			}
			r.faulted = true
			return disk.EIO
		})
		w.replicas = append(w.replicas, r)
		if err := w.start(r); err != nil {
			return err
		}
	}
	for range leastSteps + w.random.IntN(mostSteps-leastSteps) {
		w.step++
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if err := w.act(w.replicas[w.random.IntN(len(w.replicas))]); err != nil {
			return err
		}
	}
	err := w.finish()
	for _, r := range w.replicas {
		err = errors.Join(err, r.store.Close())
	}
	return err
}

// start opens a working copy, and again if it crashes or its disk fails meanwhile.
func (w *world) start(r *replica) error {
	for {
		r.crashed = false
		s, err := w.open(w.ctx, Options{
			FS: r.disk.FS(), Clock: r.clock, IDs: r.ids, Fingerprint: fmt.Sprint("replica ", r.number), Replica: r.number,
		})
		if r.crashed {
			w.counts["crash in a call"]++
			if err == nil {
				_ = s.Close() // of a machine that has crashed
			}
			continue
		}
		if err != nil && r.faulted {
			r.faulted = false
			w.counts["disk fault"]++
			continue
		}
		if err != nil {
			return w.wrong(Refused, r, "open: %v", err)
		}
		r.store = s
		return nil
	}
}

// wrong returns a violation. What the store refuses once the context has ended is no fault of its
// own, and the error is that of the context.
func (w *world) wrong(a Anomaly, r *replica, format string, args ...any) error {
	if ended := w.ctx.Err(); ended != nil && a == Refused {
		return ended
	}
	return &Violation{Anomaly: a, Step: w.step, Replica: r.number, What: fmt.Sprintf(format, args...)}
}

// act does one thing on a replica, perhaps with a crash or a failing disk in it, and checks
// the replica.
func (w *world) act(r *replica) error {
	switch w.random.IntN(10) {
	case 0, 1:
		r.loss = w.drawLoss()
		r.left = 1 + w.random.IntN(mostPerOp)
	case 2, 3: // a failed sync shows after a crash
		r.faultIn = 1 + w.random.IntN(mostPerOp)
	default:
	}
	var err error
	switch n := w.random.IntN(20); {
	case n < 9:
		err = w.append(r)
	case n < 15:
		err = w.fetch(r, w.replicas[w.random.IntN(len(w.replicas))], w.random.IntN(2) == 0)
	case n < 18:
		err = w.reconcile(r, true)
	default:
		if r.left > 0 && !r.crashed {
			r.left, r.crashed = 0, true
			r.disk.Crash(r.loss)
			w.counts["crash between calls"]++
			return w.checkRestarted(r)
		}
		err = r.store.Close()
		if err == nil || r.crashed || r.faulted {
			return w.checkRestarted(r)
		}
	}
	if r.crashed {
		w.counts["crash in a call"]++
		err = w.restart(r)
	}
	if r.faulted {
		w.counts["disk fault"]++
	}
	r.heal()
	if err != nil {
		return err
	}
	return w.check(r)
}

// heal ends what was drawn and has not come.
func (r *replica) heal() { r.left, r.faultIn, r.faulted = 0, 0, false }

func (w *world) restart(r *replica) error {
	_ = r.store.Close() // of a machine that may have crashed
	err := w.start(r)
	r.heal()
	return err
}

// checkRestarted checks what is there after a restart.
func (w *world) checkRestarted(r *replica) error {
	if err := w.restart(r); err != nil {
		return err
	}
	return w.check(r)
}

func (w *world) drawLoss() disk.Loss {
	random := prng.New(w.seed, "merge crash", uint64(w.step))
	return []disk.Loss{{}, {KeepAll: true}, {Random: random}, {Random: random, Reorder: true}}[w.random.IntN(4)]
}

// append appends to one or two streams, now and then at a version that is none.
func (w *world) append(r *replica) error {
	var writes eventcore.Writes
	stale := w.random.IntN(8) == 0
	for i, n := range w.random.Perm(streams)[:1+w.random.IntN(2)] {
		id := stream(n)
		version := eventcore.Version(0)
		for _, err := range r.store.ReadStream(w.ctx, id, 0) {
			if err != nil {
				return w.unless(r, err, "read")
			}
			version++
		}
		if stale && i == 0 {
			version++
		}
		if err := writes.Expect(id, version); err != nil {
			return err
		}
		for range 1 + w.random.IntN(2) {
			e := eventcore.Proposed{ID: r.ids.NewEventID(), Type: "appended", Data: fmt.Appendf(nil, `{"step":%d}`, w.step)}
			if err := writes.Append(id, e); err != nil {
				return err
			}
		}
	}
	_, err := r.store.Append(w.ctx, writes)
	for _, e := range writes.Events() {
		switch {
		case err == nil:
			r.acked = append(r.acked, e.Event.ID)
		case eventcore.OutcomeOf(err) == eventcore.OutcomeNotApplied:
			r.never[e.Event.ID] = true
		default:
			w.counts["unknown outcome"]++
		}
	}
	switch {
	case r.crashed, r.faulted:
		return nil
	case stale != errors.Is(err, eventcore.ErrVersionConflict):
		return w.wrong(Refused, r, "append: %v", err)
	case stale:
		w.counts["conflict"]++
		return nil
	default:
		w.counts["append"]++
		return w.unless(r, err, "append")
	}
}

func stream(n int) eventcore.StreamID { return eventcore.MustStreamID(fmt.Sprint("s", n)) }

// unless returns a violation for an error, unless the machine has crashed or its disk has
// failed.
func (w *world) unless(r *replica, err error, what string) error {
	if err == nil || r.crashed || r.faulted {
		return nil
	}
	return w.wrong(Refused, r, "%s: %v", what, err)
}

// reconcile settles forks as the seed wants it. Replicas may settle one fork differently.
func (w *world) reconcile(r *replica, vary bool) error {
	before := w.filesOf(r)
	err := r.store.Reconcile(w.ctx, func(fork []eventcore.EventID) Resolution {
		draw := prng.Key(w.seed, "resolve", uint64(fork[0][15]), uint64(len(fork)))
		switch {
		case vary && draw%7 == 0:
			w.counts["unresolvable"]++
			return Resolution{Unresolvable: true}
		case draw%5 == 0:
			return Resolution{}
		case vary && draw%3 == 0:
			return Resolution{Type: fmt.Sprint("settled by ", r.number)}
		default:
			return Resolution{Type: "settled"}
		}
	})
	if err := w.unless(r, err, "reconcile"); err != nil || r.crashed || r.faulted {
		return err
	}
	for name, h := range w.filesOf(r) {
		if before[name] == nil {
			w.counts["merge"]++
			if w.merges[h.Transaction]++; w.merges[h.Transaction] == 2 {
				w.counts["same merge twice"]++
			}
			if h.Events == 0 {
				w.counts["silent merge"]++
			}
		}
	}
	return nil
}

// finish brings all together until nothing is left to settle.
func (w *world) finish() error {
	const mostRounds = 8
	for round := range mostRounds {
		w.step++
		for _, to := range w.replicas {
			for _, from := range w.replicas {
				if err := w.fetch(to, from, true); err != nil {
					return err
				}
			}
		}
		forked := false
		for _, r := range w.replicas {
			if err := w.check(r); err != nil {
				return err
			}
			forks, err := r.store.Forks(w.ctx)
			if err != nil {
				return w.wrong(Refused, r, "forks: %v", err)
			}
			forked = forked || len(forks) > 0
		}
		if !forked && round > 0 {
			return w.together()
		}
		for _, r := range w.replicas {
			if err := w.reconcile(r, round == 0); err != nil {
				return err
			}
			if err := w.check(r); err != nil {
				return err
			}
		}
	}
	return w.wrong(Endless, w.replicas[0], "there are forks after %d rounds", mostRounds)
}

// together checks that all replicas have come to the same.
func (w *world) together() error {
	first := w.complete(w.replicas[0])
	for _, r := range w.replicas {
		if has := w.complete(r); !slices.Equal(first.names, has.names) || len(has.waiting) > 0 {
			return w.wrong(Lost, r, "it has other files than replica 0 after all were exchanged")
		}
	}
	return nil
}

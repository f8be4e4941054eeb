package sim

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
	"github.com/eventcore-go/eventcore-sim/sim/internal/coro"
)

// Crash is the end of the process that the store runs in, and its restart. Calls that
// are under way end with an unknown outcome; clients, which live elsewhere, go on.
type Crash struct {
	// Step is the number of scheduling decisions after which it happens, if the safety
	// phase lasts that long.
	Step int `json:"step"`
	// At is the kind of disk operation, as in "sync", or the beginning of the statement, as
	// in "COMMIT", that the crash then waits for: it comes when a task is about to do one,
	// but not many steps later than Step. "": it waits for nothing.
	At string `json:"at,omitempty"`
	// Kind says what becomes of what was not synced.
	Kind CrashKind `json:"kind"`
	// Again is the operation of the disk at which the machine crashes once more while the
	// store is opened again, counted from 1; for a server it says when, see
	// [Backend.RestartTwice]; 0: it does not.
	Again int `json:"again,omitempty"`
	// Flip is a bit that changes while the store is down: counted from 1 over all bits of the
	// files of which [Backend.Checksummed] says so, and around from the last to the first; 0:
	// none does. It is tried on a copy of the disk, and the run goes on without the damage.
	Flip int `json:"flip,omitempty"`
}

// CrashKind says what a crash takes away.
type CrashKind string

// The kinds of crashes.
const (
	// CrashPower takes away all that was not synced.
	CrashPower CrashKind = "power"
	// CrashTorn takes away a part of it that is drawn, in the order of a journal.
	CrashTorn CrashKind = "torn"
	// CrashReordered takes away a part of it that is drawn, in any order.
	CrashReordered CrashKind = "reordered"
	// CrashProcess takes away nothing: the machine goes on. Where the store has a server, it is
	// the store's sessions there that end.
	CrashProcess CrashKind = "process"
	// CrashServer stops the store's server at once, with all sessions of all its users, and
	// starts it again. What the server had not written is gone.
	CrashServer CrashKind = "server"
)

// CrashKinds lists the kinds of crashes.
func CrashKinds() []CrashKind {
	return append(diskCrashKinds(), CrashServer)
}

// diskCrashKinds are those that a store on the simulated disk suffers.
func diskCrashKinds() []CrashKind {
	return []CrashKind{CrashPower, CrashTorn, CrashReordered, CrashProcess}
}

func (c Crash) validate() error {
	for _, kind := range CrashKinds() {
		if c.Kind == kind && c.Step > 0 && c.Again >= 0 && c.Flip >= 0 && (c.At == "" || slices.Contains(append(crashPoints(), killPoints()...), c.At)) {
			return nil
		}
	}
	return fmt.Errorf("crash %+v: give a step ≥ 1, a kind of %v, again ≥ 0, flip ≥ 0, and at none or one of %q", c, CrashKinds(), append(crashPoints(), killPoints()...))
}

// String returns the crash as it stands in traces and reports.
func (c Crash) String() string {
	text := fmt.Sprintf("crash (%s) at step %d", c.Kind, c.Step)
	if c.At != "" {
		text = fmt.Sprintf("crash (%s) at the first %s after step %d", c.Kind, c.At, c.Step)
	}
	switch {
	case c.Again > 0 && c.Kind == CrashServer:
		text += fmt.Sprintf(", again while it recovers (%d)", c.Again)
	case c.Again > 0:
		text += fmt.Sprintf(", again at operation %d of the recovery", c.Again)
	}
	if c.Flip > 0 {
		text += fmt.Sprintf(", with bit %d flipped", c.Flip)
	}
	return text
}

// crashPoints are the operations of the disk behind each of which a crash leaves another
// state.
func crashPoints() []string {
	points := make([]string, 0, 4)
	for _, kind := range []disk.Kind{disk.OpWrite, disk.OpSync, disk.OpRename, disk.OpSyncDir} {
		points = append(points, kind.String())
	}
	return points
}

// killPoints are the statements before which the end of a session leaves another state.
func killPoints() []string { return []string{"INSERT", "UPDATE", "COMMIT", atBatch} }

// atBatch stands for statements that are sent together.
const atBatch = "BATCH"

const (
	// crashGap is the greatest number of steps from one crash to the next.
	crashGap = 600
	// mostCrashes is the greatest number of crashes in a run, mostRecovery the last
	// operation of a recovery at which there is another.
	mostCrashes, mostRecovery = 4, 12
	// killGap and mostKills are the same of the ends of sessions: statements are many.
	killGap, mostKills = 400, 8
)

// drawCrashes makes one seed in two free of crashes.
func drawCrashes(seed uint64) []Crash {
	r := prng.New(seed, "crashes")
	if r.IntN(2) == 0 {
		return nil
	}
	var all []Crash
	step := 0
	for range 1 + r.IntN(mostCrashes) {
		step += 1 + r.IntN(crashGap)
		c := Crash{Step: step, Kind: diskCrashKinds()[r.IntN(len(diskCrashKinds()))]}
		// Most steps are those of reads, and find nothing that is not synced.
		if points := crashPoints(); r.IntN(3) > 0 {
			c.At = points[r.IntN(len(points))]
		}
		if r.IntN(3) == 0 {
			c.Again = 1 + r.IntN(mostRecovery)
		}
		all = append(all, c)
	}
	return all
}

const (
	// crashPairEvery is the number of seeds of which one has a pair of crashes, and pairGap the
	// greatest number of steps between the two.
	crashPairEvery, pairGap = 6, 60
	// earlyStep and pairStep are the last steps of the first one: early on, where files are
	// new, or where it waits for a sync.
	earlyStep, pairStep = 12, 120
)

// drawCrashPair draws, for one seed in some, a process that is killed and soon afterwards a
// loss of power; nil for the others. What the first leaves is read by the one that comes after
// it, and goes with the power unless that one has seen to it.
func drawCrashPair(seed uint64) []Crash {
	r := prng.New(seed, "crash pair")
	if r.IntN(crashPairEvery) != 0 {
		return nil
	}
	kill := Crash{Step: 1 + r.IntN(earlyStep), Kind: CrashProcess}
	if r.IntN(2) == 0 {
		kill.Step, kill.At = 1+r.IntN(pairStep), disk.OpSync.String()
	}
	loss := Crash{Step: kill.Step + 1 + r.IntN(pairGap), Kind: CrashPower}
	if r.IntN(4) == 0 {
		loss.Kind = CrashTorn
	}
	return []Crash{kill, loss}
}

// drawKills draws the ends of a store's sessions.
func drawKills(seed uint64) []Crash {
	r := prng.New(seed, "kills")
	if r.IntN(2) == 0 {
		return nil
	}
	return drawEnds(r, CrashProcess, mostKills, killGap, 3)
}

// drawEnds draws at most so many crashes of what a store has on its server, each at most so
// many steps behind the one before. All but one in so many wait for a statement.
func drawEnds(r *rand.Rand, kind CrashKind, most, gap, unawaited int) []Crash {
	var all []Crash
	step := 0
	for range 1 + r.IntN(most) {
		step += 1 + r.IntN(gap)
		c := Crash{Step: step, Kind: kind}
		if points := killPoints(); r.IntN(unawaited) > 0 {
			c.At = points[r.IntN(len(points))]
		}
		all = append(all, c)
	}
	return all
}

const (
	// serverCrashEvery is the number of runs of which one crashes the server, which takes as
	// long as many runs; mostServerCrashes the greatest number of crashes in it.
	serverCrashEvery, mostServerCrashes = 16, 2
	// serverCrashGap is the greatest number of steps from one to the next: runs are short.
	serverCrashGap = 120
)

// crashesServer says whether the run is one of the few that crash the server.
func crashesServer(seed uint64, scenario string) bool {
	return prng.Key(seed, "server crashes of "+scenario)%serverCrashEvery == 0
}

// drawServerCrashes draws the crashes of the store's server.
func drawServerCrashes(seed uint64) []Crash {
	return drawEnds(prng.New(seed, "server crashes"), CrashServer, mostServerCrashes, serverCrashGap, 2)
}

// drawServerRecoveries has three crashes of the server in four come once more: few runs have any,
// and what it takes besides is little. Where several scenarios crash the server with one seed,
// each draws for itself.
func drawServerRecoveries(r *rand.Rand, crashes []Crash) {
	for i := range crashes {
		if r.IntN(4) > 0 {
			// Rather early than late, when little is left to recover.
			crashes[i].Again = 1 + min(r.IntN(mostRecovery), r.IntN(mostRecovery))
		}
	}
}

// crashesServer says whether the plan does.
func (p *Plan) crashesServer() bool {
	return slices.ContainsFunc(p.Crashes, func(c Crash) bool { return c.Kind == CrashServer })
}

// awaits says whether the crash waits for the yield point of that name.
func (c Crash) awaits(name string) bool {
	if statement, is := strings.CutPrefix(name, "sql: "); is {
		statement = strings.ToUpper(statement)
		return strings.HasPrefix(statement, c.At) || c.At == atBatch && strings.Contains(statement, " PIPELINED: ")
	}
	return strings.HasPrefix(name, "disk: "+c.At+" ")
}

// crashed is what calls panic with whose process has crashed.
type crashed struct{}

// TakesDownTask marks it for yield.TakesDown.
func (crashed) TakesDownTask() {}

// errCrashed is the cause of the failures of calls that were under way.
var errCrashed = errors.New("the process of the store has crashed")

// never is a step that does not come, forEver a time.
const never, forEver = math.MaxInt64, math.MaxInt64

// nextCrash tells the world when to stop for the next crash.
func (r *run) nextCrash() {
	w := r.world
	w.interrupt, w.awaited = never, nil
	if r.crashes == len(r.result.Plan.Crashes) {
		return
	}
	c := r.result.Plan.Crashes[r.crashes]
	w.interrupt = int64(c.Step)
	if c.At != "" {
		w.awaited, w.awaitedFrom = c.awaits, w.interrupt
		w.interrupt += crashGap
	}
}

// crash carries out the crash that is due.
func (r *run) crash(ctx context.Context) error {
	c := r.result.Plan.Crashes[r.crashes]
	r.crashes++
	defer r.nextCrash()
	w := r.world
	w.trace.add(step{time: w.now, task: -1, kind: stepCrash, name: w.trace.intern(string(c.Kind))})
	r.result.Crashes = append(r.result.Crashes, c)
	r.mark(Mark{Client: -1, Text: c.String()})
	if !r.cfg.Backend.Durable || c.Kind == CrashServer {
		return r.kill(ctx, c)
	}
	r.epoch++
	r.crashedAt = append(r.crashedAt, r.tick())
	// First the disk: what is taken down must not reach it any more.
	r.disk.Crash(r.loss(c, 0))
	if err := w.takeDown(); err != nil {
		return err
	}
	damaged := r.damaged(c)
	if err := r.reopen(ctx, c); err != nil {
		return err
	}
	return r.judgeFlip(ctx, c, damaged)
}

// kill ends the sessions of a store that has a server, or the server. Its calls go on, and come to what the
// store makes of that.
func (r *run) kill(ctx context.Context, c Crash) error {
	err := r.end(ctx, c)
	// Leases have ended by now, and not before the last of them was acquired.
	r.crashedAt = append(r.crashedAt, r.tick())
	if err != nil {
		return fmt.Errorf("%s: end the sessions of backend %s: %w", c, r.cfg.Backend.Name, err)
	}
	return nil
}

// end has the backend do what the crash is to do to its server, and counts that.
func (r *run) end(ctx context.Context, c Crash) error {
	switch b := &r.cfg.Backend; {
	case c.Kind != CrashServer:
		r.kills++
		return b.Kill(ctx, r.opened)
	case c.Again == 0:
		r.restarts++
		return b.Restart(ctx, r.opened)
	default:
		r.restarts++
		r.restartsAgainDue++
		if err := b.RestartTwice(ctx, r.opened, c.Again); err != nil {
			return err
		}
		r.restarts++
		r.restartsAgain++
		return nil
	}
}

// loss returns what a crash takes away.
func (r *run) loss(c Crash, again uint64) disk.Loss {
	switch c.Kind {
	case CrashTorn, CrashReordered:
		return disk.Loss{Random: prng.New(r.cfg.Seed, "loss", uint64(c.Step), again), Reorder: c.Kind == CrashReordered} //nolint:gosec // a step is positive
	case CrashProcess:
		return disk.Loss{KeepAll: true}
	default:
		return disk.Loss{}
	}
}

// reopen opens the store again, and once more if the machine crashes meanwhile.
func (r *run) reopen(ctx context.Context, c Crash) error {
	operations := 0
	if c.Again > 0 {
		r.againDue++
	}
	r.disk.SetPoint(func(string) {
		if operations++; operations == c.Again {
			r.again++
			r.disk.Crash(r.loss(c, 1))
		}
	})
	err := r.open(ctx)
	if c.Again > 0 && operations >= c.Again {
		if err == nil {
			// It was open before the machine crashed.
			r.disk.Crash(r.loss(c, 2))
		}
		err = r.open(ctx)
	}
	r.disk.SetPoint(r.world.point)
	if err != nil {
		return &unopened{fmt.Errorf("%s: the store does not open any more: %w", c, err)}
	}
	return nil
}

// unopened says that a store cannot be opened after a crash.
type unopened struct{ err error }

func (u *unopened) Error() string { return u.err.Error() }
func (u *unopened) Unwrap() error { return u.err }

// open opens the store.
func (r *run) open(ctx context.Context) error {
	r.abandon()
	store, err := r.newStore(ctx)
	if err != nil {
		return err
	}
	r.opened = store
	r.live = store
	if m := r.cfg.Mutant; m != nil && m.Layer != mutant.Client {
		r.live = m.Wrap(store)
	}
	r.liveAll, _ = r.live.(eventcore.AllReader)
	r.liveState = r.stateOf(store)
	r.kept = kept{} // a crash may have taken some of it away
	return nil
}

// abandon frees what is left of a store whose process has crashed.
func (r *run) abandon() {
	if abandon := r.cfg.Backend.Abandon; r.opened != nil && abandon != nil {
		if err := r.unpanicked(func() error { return abandon(r.opened) }); err != nil {
			r.result.judge(Broken, fmt.Sprintf("abandon backend %s after a crash: %v", r.cfg.Backend.Name, err))
		}
	}
	r.opened = nil
}

// stateOf returns what the store keeps besides events, with a backend mutant in it.
func (r *run) stateOf(store eventcore.Store) scenarios.State {
	s, m := scenarios.StateOf(store), r.cfg.Mutant
	if m != nil {
		s.Checkpoints, s.Coordinator, s.Snapshots = m.WrapState(s.Checkpoints, s.Coordinator, s.Snapshots)
	}
	return s
}

// takeDown ends what tasks do inside the backend, and lets each come back to where it
// called it.
func (w *world) takeDown() error {
	w.unwinding = true
	defer func() { w.unwinding = false }()
	for _, t := range w.tasks {
		if !t.inside || t.state == taskDone {
			continue
		}
		t.doomed = true
		if t.state == taskAway {
			w.away--
			t.co.(coro.Outsider).Settle() // only an Outsider is ever away
		}
		t.state, t.ready = taskReady, nil
		w.current = t
		if !t.co.Resume() {
			t.state = taskDone
			if t.panicked != nil {
				return t.panicked
			}
		}
		w.chosen = nil
	}
	return nil
}

package eventcore_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var errWorld, errCrash = errors.New("fault"), errors.New("crash")

// world is all that a projection has to do with: reader, checkpoints, coordinator, clock
// and projector. It makes faults by its tape and keeps what the projection does wrong.
type world struct {
	log        []eventcore.Recorded
	checkpoint eventcore.Position
	// next is the index in the log of the event that comes next in this term.
	next             int
	applied, skipped map[eventcore.Position]int
	poison           map[eventcore.Position]bool
	problems         []string

	own, leads, continuous bool
	held, lost             bool // the lease is held; the projection was told that it is not
	token                  uint64
	tape                   []string
	fired, reached         map[string]int
	unsure                 bool // a fault since the last call that could save
	began                  bool // the checkpoint was loaded in this run
	sleeps                 int
	cancel                 context.CancelFunc
}

func newWorld() *world {
	return &world{
		applied: map[eventcore.Position]int{}, skipped: map[eventcore.Position]int{},
		poison: map[eventcore.Position]bool{}, fired: map[string]int{}, reached: map[string]int{},
	}
}

func (w *world) grow(events, poison int) {
	for range events {
		n := len(w.log) + 1
		at := eventcore.NewPosition(0, uint64(3*n)) // gaps mean nothing
		w.log = append(w.log, eventcore.Recorded{
			Stream: eventcore.MustStreamID("a"), Version: eventcore.Version(n), Type: "added", Data: []byte(`{"n":1}`), Position: at,
		})
		w.poison[at] = n%7 == poison
	}
}

func (w *world) wrong(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// fault takes the next fault off the tape if it is one of those that the call knows: fail;
// did, it takes effect and fails; lost; cut; cancel, it fails because the context ends;
// late, the context ends and the call succeeds; crash.
func (w *world) fault(ctx context.Context, known ...string) string {
	if len(w.tape) == 0 {
		return ""
	}
	fault := w.tape[0]
	w.tape = w.tape[1:]
	if fault == "cancel" || fault == "late" || fault == "crash" {
		if _, detached := ctx.Deadline(); detached {
			return ""
		}
	} else if !slices.Contains(known, fault) {
		return ""
	}
	w.fired[fault]++
	w.reached[fault]++
	switch fault {
	case "crash":
		w.held = false
		panic(errCrash)
	case "cancel", "late":
		w.cancel()
	}
	return fault
}

func failed(ctx context.Context, fault string) error {
	switch fault {
	case "", "late", "cut":
		return nil
	case "cancel":
		return ctx.Err()
	default:
		return &eventcore.StoreFailure{Operation: "call", Err: errWorld}
	}
}

// last is the position of the last event that was passed in this term.
func (w *world) last() eventcore.Position {
	if w.next == 0 {
		return eventcore.Position{}
	}
	return w.log[w.next-1].Position
}

func (w *world) after(at eventcore.Position) int {
	i, _ := slices.BinarySearchFunc(w.log, at, func(e eventcore.Recorded, at eventcore.Position) int {
		return max(e.Position.Compare(at), 0)*2 - 1
	})
	return i
}

func (w *world) ReadAll(ctx context.Context, _ eventcore.Filter, after eventcore.Position, limit int) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		fault := w.fault(ctx, "fail", "cut")
		if err := failed(ctx, fault); err != nil {
			yield(eventcore.Recorded{}, err)
			return
		}
		w.leading("read")
		for i, e := range w.log[w.after(after):] {
			if i == limit {
				return
			}
			if !yield(e, nil) {
				return
			}
			if fault == "cut" {
				yield(eventcore.Recorded{}, errWorld)
				return
			}
		}
	}
}

func (w *world) Apply(ctx context.Context, event eventcore.Event[scriptEvent]) error {
	w.comes("applied", event.Position)
	w.leading("applied")
	w.fenced("applied", ctx)
	if w.poison[event.Position] {
		return errWorld
	}
	fault := w.fault(ctx, "fail", "did")
	if err := failed(ctx, fault); err != nil && fault != "did" {
		return err
	}
	w.applied[event.Position]++
	if w.own {
		w.checkpoint = event.Position
		if fault == "did" {
			w.reached["committed, then found"]++
		}
	}
	if fault != "did" || w.own {
		w.pass()
	}
	return failed(ctx, fault)
}

func (w *world) pass() { w.next = min(w.next+1, len(w.log)) }

// comes checks that an event is the next one.
func (w *world) comes(what string, at eventcore.Position) {
	switch {
	case at.Compare(w.checkpoint) <= 0:
		w.wrong("%s %s, which is not behind the checkpoint, %s", what, at, w.checkpoint)
	case w.next == len(w.log) || w.log[w.next].Position != at:
		w.wrong("%s %s behind %s", what, at, w.last())
	}
}

func (w *world) leading(what string) {
	if w.leads && (!w.held || w.lost) {
		w.wrong("%s without the lease", what)
	}
}

// fenced checks the token with which the projector is called.
func (w *world) fenced(what string, ctx context.Context) {
	if token, ok := eventcore.FencingToken(ctx); ok != w.leads || token != w.token {
		w.wrong("%s with token %d, %v; the lease's is %d", what, token, ok, w.token)
	}
}

// notice is the hook: a skipped event is passed by it.
func (w *world) notice(n eventcore.ProjectionNotice) {
	if n.Kind != eventcore.NoticeSkipped {
		return
	}
	w.comes("skipped", n.Event.Position)
	w.skipped[n.Event.Position]++
	if !w.own {
		w.pass()
	}
}

func (w *world) Now() time.Time { return time.Unix(0, 0).UTC() }

// Sleep ends a continuous run where nothing is left to be done.
func (w *world) Sleep(ctx context.Context, _ time.Duration) error {
	w.sleeps++
	if w.sleeps == 200 {
		w.wrong("waits and waits at %s", w.last())
		w.cancel()
		return ctx.Err()
	}
	if w.continuous && len(w.tape) == 0 && w.next == len(w.log) {
		w.cancel()
		return ctx.Err()
	}
	return failed(ctx, w.fault(ctx))
}

// WithTimeout keeps the system's time out of the trial.
func (w *world) WithTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout != time.Minute {
		w.wrong("the timeout is %v", timeout)
	}
	w.reached["timeout of the clock"]++
	return context.WithTimeout(ctx, time.Hour)
}

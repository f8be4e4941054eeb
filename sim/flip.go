package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// mostFlips bounds the numbers of bits, which count around: it is far more than the disk of a
// run has.
const mostFlips = 1 << 24

// drawFlips lets a bit flip in every second crash.
func drawFlips(r *rand.Rand, crashes []Crash) {
	for i := range crashes {
		if bit := 1 + r.IntN(mostFlips); r.IntN(2) == 0 {
			crashes[i].Flip = bit
		}
	}
}

// flip is a disk of its own on which a bit was flipped.
type flip struct {
	disk *disk.Disk
	what string
}

// damaged returns what the crash has left, with the bit flipped that is to be; nil for none.
func (r *run) damaged(c Crash) *flip {
	if c.Flip == 0 {
		return nil
	}
	f := &flip{disk: r.disk.Clone()}
	files := slices.DeleteFunc(f.disk.List(), func(name string) bool { return !r.cfg.Backend.Checksummed(name) })
	sizes, total := make([]int64, len(files)), int64(0)
	for i, name := range files {
		// There is no fault and no crash on a clone.
		sizes[i], _ = f.disk.FS().Stat(name)
		total += sizes[i]
	}
	if total == 0 {
		return nil
	}
	const bits = 8
	at := int64(c.Flip-1) % (total * bits)
	for i, name := range files {
		if at < sizes[i]*bits {
			f.what = fmt.Sprintf("bit %d of byte %d of %s", at%bits, at/bits, name)
			if err := f.disk.FlipBit(name, at/bits, uint8(at%bits)); err != nil {
				panic(err) // there is such a byte
			}
			break
		}
		at -= sizes[i] * bits
	}
	return f
}

// DamageNotReported is the name of the finding that a store did not notice a bit that had
// changed on its disk.
const DamageNotReported = "damage not reported"

// undetected says that a store did not notice damage.
type undetected struct{ message string }

func (u *undetected) Error() string { return u.message }

// judgeFlip opens the damaged disk besides the store that is open, and reads all there is.
// The store must report the damage, or else return the very events that the other one does.
func (r *run) judgeFlip(ctx context.Context, c Crash, f *flip) error {
	if f == nil {
		return nil
	}
	r.flips++
	said := ""
	want, err := everything(ctx, r.live)
	if err != nil {
		return &undetected{fmt.Sprintf("%s: nothing is damaged, and yet the store cannot be read: %v", c, err)}
	}
	got, err := r.openDamaged(ctx, c, f.disk)
	switch {
	case err != nil:
		r.flipsReported++
		said = "reported"
	case same(got, want):
		said = "harmless"
	default:
		return &undetected{fmt.Sprintf("%s: %s is not as it was written; the store opens, reports nothing, and returns %s", c, f.what, difference(got, want))}
	}
	w := r.world
	w.trace.add(step{time: w.now, task: -1, kind: stepCrash, name: w.trace.intern("flipped " + f.what + ": " + said)})
	return nil
}

// openDamaged opens a store on a disk of its own and returns all that is in it. The error is
// the store's.
func (r *run) openDamaged(ctx context.Context, c Crash, on *disk.Disk) (events []eventcore.Recorded, err error) {
	env := r.env
	env.Disk, env.Random = on, prng.New(r.cfg.Seed, "damaged backend", uint64(c.Step)) //nolint:gosec // a step is positive
	store, err := r.cfg.Backend.Open(ctx, env)
	if err != nil {
		return nil, err
	}
	defer func() {
		closed := closeStore(store)
		if abandon := r.cfg.Backend.Abandon; abandon != nil {
			closed = errors.Join(closed, abandon(store))
		}
		if err == nil {
			err = closed
		}
	}()
	if m := r.cfg.Mutant; m != nil && m.Layer != mutant.Client {
		store = m.Wrap(store)
	}
	return everything(ctx, store)
}

// everything reads a store: its global order, or where it has none, nothing.
func everything(ctx context.Context, store eventcore.Store) (events []eventcore.Recorded, err error) {
	all, ok := store.(eventcore.AllReader)
	if !ok {
		return nil, nil
	}
	for event, err := range all.ReadAll(ctx, eventcore.Filter{}, eventcore.Position{}, 0) {
		if err != nil {
			return nil, err
		}
		event.Data, event.Metadata = bytes.Clone(event.Data), bytes.Clone(event.Metadata)
		events = append(events, event)
	}
	return events, nil
}

// same says whether two stores hold the same events.
func same(a, b []eventcore.Recorded) bool { return slices.EqualFunc(a, b, equal) }

func equal(a, b eventcore.Recorded) bool {
	return a.ID == b.ID && a.Stream == b.Stream && a.Version == b.Version && a.Type == b.Type && a.Position == b.Position &&
		bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Metadata, b.Metadata) && a.RecordedAt.Equal(b.RecordedAt)
}

// difference says how events differ from those that were there.
func difference(got, want []eventcore.Recorded) string {
	for i := range min(len(got), len(want)) {
		if !equal(got[i], want[i]) {
			return fmt.Sprintf("version %d of stream %s as event %d in place of version %d of stream %s, or with another content",
				got[i].Version, got[i].Stream, i+1, want[i].Version, want[i].Stream)
		}
	}
	return fmt.Sprintf("%d events where there were %d", len(got), len(want))
}

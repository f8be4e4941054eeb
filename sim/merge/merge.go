// Package merge simulates stores whose working copies are appended to apart and brought
// together by exchanging files: two to five replicas, each on a simulated disk, with
// appends, partial exchanges, crashes and reconciliations that one seed decides.
//
// After each step a replica is held against a model that knows nothing but the files on
// its disk and is as slow as it is plain. Checked are convergence (equal sets of files are
// linearized equally, byte for byte), that no event is lost or there twice, that versions
// have no gap, that forks are found if and only if they exist, that a cursor never skips,
// and that reconciling ends.
package merge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
)

// Store is a working copy as the simulation drives it. Its files are events/*.jsonl below
// the root of its file system.
type Store interface {
	eventcore.Store
	eventcore.AllReader
	// Refresh ingests what was put into the directory.
	Refresh(ctx context.Context) error
	// Forks returns the transactions of each fork, in the canonical order.
	Forks(ctx context.Context) ([][]eventcore.EventID, error)
	// Reconcile settles each fork with what resolve says of its transactions.
	Reconcile(ctx context.Context, resolve func(fork []eventcore.EventID) Resolution) error
	TopologyGeneration() uint64
	Close() error
}

// Resolution is what becomes of a fork.
type Resolution struct {
	// Unresolvable: it stays.
	Unresolvable bool
	// Type is that of the event for each stream with several branches, "": no event.
	Type string
}

// Options are what a working copy is opened with.
type Options struct {
	FS          vfs.FS
	Clock       eventcore.Clock
	IDs         eventcore.IDGenerator
	Fingerprint string
	// Replica is its number, from 0 on.
	Replica int
}

// Open opens a working copy.
type Open func(context.Context, Options) (Store, error)

// Anomaly is what is wrong with a store, by a name.
type Anomaly string

// The anomalies.
const (
	Diverged      Anomaly = "diverged"       // two replicas with equal files differ
	Misordered    Anomaly = "misordered"     // the order is not the canonical one
	Lost          Anomaly = "lost or twice"  // events are not those of the files
	Gap           Anomaly = "gap"            // versions do not count
	ForkMissed    Anomaly = "fork missed"    // a fork is not found
	ForkInvented  Anomaly = "fork invented"  // a fork is found that is none
	CursorSkipped Anomaly = "cursor skipped" // what a cursor has passed has changed
	Topology      Anomaly = "topology"       // the generation grew, or stayed, wrongly
	Endless       Anomaly = "endless"        // reconciling does not end
	Refused       Anomaly = "refused"        // a call failed that must not
)

// Violation is an anomaly with where it was met.
type Violation struct {
	Anomaly Anomaly
	Step    int
	Replica int
	What    string
}

// Error implements error.
func (v *Violation) Error() string {
	return fmt.Sprintf("%s at step %d, replica %d: %s", v.Anomaly, v.Step, v.Replica, v.What)
}

// Result is a run.
type Result struct {
	Seed uint64
	// Violation is nil if all went well.
	Violation *Violation
	// Counts is how often what makes a run worth something has happened: see [Demands].
	Counts map[string]int
	// Hash is that of all that was checked: the same seed has the same.
	Hash string
}

// Demands returns what a batch of some dozen runs must have counted, each more than once.
func Demands() []string {
	return []string{
		"append", "conflict", "exchange", "partial exchange", "torn exchange", "fork", "waiting", "merge", "merge of merges", "unresolvable",
		"silent merge", "crash in a call", "crash between calls", "disk fault", "unknown outcome", "topology grew", "tie", "same merge twice",
	}
}

// Run is one run. The error is the environment's, or that of a context that has ended: what is
// wrong with the store is in the result.
func Run(ctx context.Context, open Open, seed uint64) (Result, error) {
	w := &world{
		ctx: ctx, open: open, seed: seed, random: prng.New(seed, "merge"), counts: map[string]int{}, digest: sha256.New(),
		dumps: map[string]string{}, parsed: map[string]*header{}, merges: map[eventcore.EventID]int{},
	}
	err := w.run()
	r := Result{Seed: seed, Counts: w.counts, Hash: hex.EncodeToString(w.digest.Sum(nil))}
	if v, ok := errors.AsType[*Violation](err); ok {
		r.Violation = v // it stays one if the context has ended since
		return r, nil
	}
	if ended := ctx.Err(); ended != nil {
		return r, ended
	}
	return r, err
}

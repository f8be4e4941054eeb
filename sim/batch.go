package sim

import (
	"context"
	"errors"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Batch carries out many runs.
type Batch struct {
	// Runs yields the configurations, in the order in which results are
	// delivered. It is asked for the next one only when a worker is free, so it
	// may be endless.
	Runs iter.Seq[Config]
	// Workers is the number of runs under way at once. 0: 1.
	Workers int
	// Verify carries out each run twice; see the function [Verify].
	Verify bool
	// Before is the sum of runs that are not of this batch, which those of this one are added
	// to. It must not be used any more. The zero value is that of none.
	Before Summary
	// OnResult is called with each result, one at a time and in the order of Runs.
	// It returns false to start no further run. nil: all results are taken.
	OnResult func(*Result) bool
	// OnSum is called with the sum after each result, which must not be kept. nil: it is not.
	OnSum func(*Summary)
	// Reuse says that nothing of a result that passed is used once OnResult, and OnSum after it,
	// have returned: its memory serves a later run, which then takes less time.
	Reuse bool
}

// Do carries out the runs and returns the sum of what came of them. When ctx is
// cancelled it starts no further run, gives up those under way, and returns the
// summary of what ended, with no error: of the runs before the first one that was given
// up. An error is that of a configuration which is not valid; runs before it count.
func (b Batch) Do(ctx context.Context) (Summary, error) {
	d := &delivery{batch: b, pending: make(map[int]*Result), summary: b.Before}
	next, stop := iter.Pull(b.Runs)
	defer stop()
	var take sync.Mutex
	index := 0
	pull := func() (int, Config, bool) {
		take.Lock()
		defer take.Unlock()
		if ctx.Err() != nil || d.ends() {
			return 0, Config{}, false
		}
		cfg, more := next()
		index++
		return index - 1, cfg, more
	}
	var workers errgroup.Group
	for range max(1, b.Workers) {
		workers.Go(func() error {
			var w worker
			defer w.close()
			for {
				i, cfg, more := pull()
				if !more {
					return nil
				}
				if err := d.run(ctx, &w, i, cfg); err != nil {
					return err
				}
			}
		})
	}
	err := workers.Wait()
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return d.summary, err
}

// delivery puts results that end in any order back into the order of their runs.
type delivery struct {
	batch Batch

	mu      sync.Mutex
	pending map[int]*Result
	next    int
	// stopped: no further result is wanted. broken: a run has no result, and none that comes after
	// it is delivered; those before it are.
	stopped, broken bool
	summary         Summary
}

// ends says whether no further run is to be started.
func (d *delivery) ends() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopped || d.broken
}

func (d *delivery) run(ctx context.Context, w *worker, i int, cfg Config) error {
	carryOut := w.run
	if d.batch.Verify {
		carryOut = w.verify
	}
	result, err := carryOut(ctx, cfg)
	if err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.broken = true
		return err
	}
	// A run that is carried out twice has made another result since.
	if delivered := d.deliver(i, result); delivered && d.batch.Reuse && !d.batch.Verify && result.Verdict == Pass {
		w.reuse(result)
	}
	return nil
}

// deliver delivers the results whose turn it is, and says whether that of run i is one.
func (d *delivery) deliver(i int, result *Result) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending[i] = result
	for !d.stopped {
		result, ready := d.pending[d.next]
		if !ready {
			break
		}
		delete(d.pending, d.next)
		d.next++
		d.summary.add(result)
		if d.batch.OnResult != nil && !d.batch.OnResult(result) {
			d.stopped = true
		}
		if d.batch.OnSum != nil {
			d.batch.OnSum(&d.summary)
		}
	}
	return d.next > i
}

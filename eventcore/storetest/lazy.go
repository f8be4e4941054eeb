package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func lazyRules() []requirement {
	return []requirement{
		rule("R-LAZY-01", "reads of a long stream and a long global order hold at most 8 MiB of it, and allocate no more up to the first event",
			"A read that collects first needs as much memory as the stream is long; a rebuilt projection then ends the process.",
			checkLazy),
	}
}

const (
	// lazyBound is how many bytes a read may hold, and allocate up to its first event.
	lazyBound = 8 << 20
	// longStreamBytes is how many bytes of data the long stream has at least, so that no
	// store can have collected it within the bound.
	longStreamBytes = 4 * lazyBound
	// lazyTries is how often a measurement is made before it is believed: others use the
	// same heap, and may take some of it while this check looks.
	lazyTries = 3
)

// long appends as many events as the caller wants a long stream to have.
func (s *subject) long(ctx context.Context) error {
	const atATime = 10_000
	count := s.options.longStream
	data := json.RawMessage(`"` + strings.Repeat("0123456789abcdef", longStreamBytes/count/16+1) + `"`)
	for at := 0; at < count; at += atATime {
		w, err := s.batch(reads(id("a"), eventcore.Version(at)))
		events := make([]eventcore.Proposed, min(atATime, count-at))
		for i := range events {
			events[i] = s.event("")
			events[i].Data = data
		}
		if err = errors.Join(err, w.Append(id("a"), events...)); err != nil {
			return err
		}
		if _, err := s.store.Append(ctx, w); err != nil {
			return fmt.Errorf("append %d events behind %d: %w", len(events), at, err)
		}
	}
	return nil
}

// checkLazy measures both ways of reading on one stream, which takes its time to make.
func checkLazy(ctx context.Context, s *subject) error {
	if err := s.long(ctx); err != nil {
		return err
	}
	if err := s.lazy(ctx, s.readA); err != nil {
		return fmt.Errorf("read of a stream of %d events: %w", s.options.longStream, err)
	}
	if s.all == nil {
		return nil
	}
	if err := s.lazy(ctx, s.allSeq); err != nil {
		return fmt.Errorf("read of a global order of %d events: %w", s.options.longStream, err)
	}
	return nil
}

func (s *subject) lazy(ctx context.Context, read func(context.Context) iter.Seq2[eventcore.Recorded, error]) error {
	if err := within("allocated up to the first event", func() (int64, error) { return firstCosts(read(ctx)) }); err != nil {
		return err
	}
	return within("held during the read", func() (int64, error) { return held(read(ctx), s.options.longStream) })
}

// within says whether the least of a few measurements is within the bound.
func within(what string, measure func() (int64, error)) error {
	least := int64(0)
	for try := range lazyTries {
		got, err := measure()
		if err != nil {
			return err
		}
		if try == 0 || got < least {
			least = got
		}
		if least <= lazyBound {
			return nil
		}
	}
	return fmt.Errorf("%s: got %d KiB more memory than before, want at most %d KiB", what, least>>10, lazyBound>>10)
}

// firstCosts returns how many bytes are allocated by a read that is broken off at the
// first event.
func firstCosts(events iter.Seq2[eventcore.Recorded, error]) (int64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	seen := 0
	for _, err := range events {
		if err != nil {
			return 0, err
		}
		seen++
		break
	}
	runtime.ReadMemStats(&after)
	if seen == 0 {
		return 0, errors.New("got no event of a long stream, want the first")
	}
	return int64(after.TotalAlloc - before.TotalAlloc), nil
}

// held returns by how many bytes the reachable memory grows at most while so many events
// are read, at the first of them and at ten more places.
func held(events iter.Seq2[eventcore.Recorded, error], count int) (int64, error) {
	before := reachable()
	most, seen := int64(0), 0
	for e, err := range events {
		if err != nil {
			return 0, err
		}
		if seen++; int(e.Version) != seen {
			return 0, fmt.Errorf("got version %d in place %d of a long stream", e.Version, seen)
		}
		if seen == 1 || seen%(count/10) == 0 {
			most = max(most, reachable()-before)
		}
	}
	if seen != count {
		return 0, fmt.Errorf("got %d events of a long stream, want %d", seen, count)
	}
	return most, nil
}

// reachable returns how many bytes are in use on the heap.
func reachable() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func resourceRules() []requirement {
	return []requirement{
		needing(rule("R-RES-01", "a read gives back what it took, wherever and however it ends",
			"Connections and files are few; a service that loses one with each cancelled request stops after a day.",
			checkReadsGiveBack), needsResources),
		needing(rule("R-RES-02", "an append gives back what it took, applied, refused or cancelled",
			"A refused append is the way of a conflict, and conflicts come in crowds.",
			checkAppendsGiveBack), needsResources),
	}
}

func checkReadsGiveBack(ctx context.Context, s *subject) error {
	return s.eachEnding(ctx, func(body func() error) error { return s.givesBack(ctx, body) })
}

// givesBack says whether the store has as much of each resource after many runs of body
// as before.
func (s *subject) givesBack(ctx context.Context, body func() error) error {
	before := s.options.resources(s.store)
	for range endingTimes {
		if err := body(); err != nil {
			return err
		}
	}
	var more string
	if eventually(ctx, func() bool { more = grown(before, s.options.resources(s.store)); return more == "" }) {
		return nil
	}
	return fmt.Errorf("after %d of them got %s", endingTimes, more)
}

// grown names the first resource of which there is more than before.
func grown(before, after map[string]int) string {
	for _, kind := range slices.Sorted(maps.Keys(after)) {
		if after[kind] > before[kind] {
			return fmt.Sprintf("%d %s, want at most %d as before", after[kind], kind, before[kind])
		}
	}
	return ""
}

// eventually waits up to a second for what is about to end.
func eventually(ctx context.Context, done func() bool) bool {
	for range 100 {
		if done() {
			return true
		}
		if err := (eventcore.SystemClock{}).Sleep(ctx, 10*time.Millisecond); err != nil {
			break
		}
	}
	return done()
}

func checkAppendsGiveBack(ctx context.Context, s *subject) error {
	a, b := id("a"), id("b")
	var at eventcore.Version
	for _, act := range []struct {
		how  string
		body func() error
	}{
		{"applied", func() error {
			_, err := s.given(ctx, writes(a, at, 1), writes(b, at, 1))
			at++
			return err
		}},
		{"refused", func() error {
			_, err := s.append(ctx, writes(a, at, 1), writes(b, at+1, 1))
			return refused(err)
		}},
		{"refused for what they only read", func() error {
			_, err := s.append(ctx, writes(a, at, 1), reads(b, at+1))
			return refused(err)
		}},
		{"without events", func() error {
			_, err := s.given(ctx, reads(a, at))
			return err
		}},
		{"cancelled beforehand", func() error {
			done, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := s.append(done, writes(a, at, 1)); !errors.Is(err, context.Canceled) {
				return fmt.Errorf("got %s, want that of the context", describeError(err))
			}
			return nil
		}},
	} {
		err := act.body()
		if err == nil {
			err = s.givesBack(ctx, act.body)
		}
		if err != nil {
			return fmt.Errorf("appends %s: %w", act.how, err)
		}
	}
	return nil
}

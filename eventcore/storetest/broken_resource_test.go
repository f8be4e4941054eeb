package storetest_test

import (
	"context"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func brokenResources() []broken {
	return []broken{
		{"keeps the goroutine of a read that is cancelled", []string{"R-READ-13"}, leaksOn(func(e error, seen int, broken bool) bool { return e != nil })},
		{"keeps the goroutine of a read that is broken off behind its first page", []string{"R-READ-13"}, leaksOn(func(_ error, seen int, broken bool) bool {
			return broken && seen > 20
		})},
		{"keeps the goroutine of a read that comes to its end", []string{"R-READ-13"}, leaksOn(func(e error, _ int, broken bool) bool { return e == nil && !broken })},
		{"keeps the file of a read of a stream that is broken off", []string{"R-RES-01"}, func(s *hooked) { wrapRead(s.takes(true, false))(s) }},
		{"keeps the file of a read of all that is broken off", []string{"R-RES-01"}, func(s *hooked) { wrapAll(s.takes(true, false))(s) }},
		{"keeps the file of a read that is cancelled", []string{"R-RES-01"}, func(s *hooked) { wrapRead(s.takes(false, true))(s) }},
		{"keeps the file of a read whose body panics", []string{"R-RES-01"}, func(s *hooked) { wrapRead(s.takes(true, true))(s) }},
		{"takes a file in ReadStream", []string{"R-RES-01"}, func(s *hooked) {
			wrapRead(func(events seq) seq {
				s.taken.Add(1)
				return func(yield func(eventcore.Recorded, error) bool) {
					defer s.taken.Add(-1)
					events(yield)
				}
			})(s)
		}},
		{"keeps the transaction of an append that is refused", []string{"R-RES-02"}, func(s *hooked) { s.commits(func(err error) bool { return err == nil }) }},
		{"keeps the transaction of an append that is applied", []string{"R-RES-02"}, func(s *hooked) { s.commits(func(err error) bool { return err != nil }) }},
	}
}

// leaksOn starts a goroutine that never ends where a read ends as left says: by an error,
// behind so many events, and broken off or not.
func leaksOn(left func(err error, seen int, broken bool) bool) func(*hooked) {
	return wrapRead(func(events seq) seq {
		return func(yield func(eventcore.Recorded, error) bool) {
			var failure error
			seen, broken := 0, false
			for e, err := range events {
				failure = err
				seen++
				if broken = !yield(e, err); broken {
					break
				}
			}
			if left(failure, seen, broken) {
				go func() { select {} }()
			}
		}
	})
}

// takes opens a file for each read and closes it again, behind the loop only, and where
// it is broken off or fails if the store remembers to.
func (s *hooked) takes(afterError, afterBreak bool) func(seq) seq {
	return func(events seq) seq {
		return func(yield func(eventcore.Recorded, error) bool) {
			s.taken.Add(1)
			for e, err := range events {
				if !yield(e, err) {
					if afterBreak {
						s.taken.Add(-1)
					}
					return
				}
				if err != nil && !afterError {
					return
				}
			}
			s.taken.Add(-1)
		}
	}
}

// commits begins a transaction for each append and ends it if the store remembers to.
func (s *hooked) commits(remembers func(error) bool) {
	inner := s.append
	s.append = func(ctx context.Context, w eventcore.Writes) (eventcore.Appended, error) {
		s.taken.Add(1)
		result, err := inner(ctx, w)
		if err == nil && len(w.Events()) == 0 || remembers(err) {
			s.taken.Add(-1)
		}
		return result, err
	}
}

package postgres

import (
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/groupcommit"
)

// Config configures a [Store]. The zero value is useful.
type Config struct {
	// Clock gives the recorded time of events, which PostgreSQL keeps in microseconds.
	// nil: the system clock.
	Clock eventcore.Clock
	// MaxGroup is the greatest number of appends that are committed together, one of those
	// that come while others are under way. They share a round trip and a wait for the
	// disk; each is done or refused by itself. 1: each has a transaction of its own, and
	// appends wait for each other in the server. 0: 64 for [Open], 1 for [New].
	MaxGroup int
}

// filled returns the configuration with defaults in place of zero values.
func (c Config) filled() Config {
	if c.Clock == nil {
		c.Clock = eventcore.SystemClock{}
	}
	if c.MaxGroup <= 0 {
		c.MaxGroup = groupcommit.MostAppends
	}
	return c
}

package postgres

import "github.com/eventcore-go/eventcore-sim/eventcore"

// Config configures a [Store]. The zero value is useful.
type Config struct {
	// Clock gives the recorded time of events, which PostgreSQL keeps in microseconds.
	// nil: the system clock.
	Clock eventcore.Clock
}

// filled returns the configuration with defaults in place of zero values.
func (c Config) filled() Config {
	if c.Clock == nil {
		c.Clock = eventcore.SystemClock{}
	}
	return c
}

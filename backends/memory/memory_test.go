package memory_test

import (
	"context"
	"time"

	"github.com/eventcore-go/eventcore-sim/backends/memory"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var (
	_ eventcore.Store     = (*memory.Store)(nil)
	_ eventcore.AllReader = (*memory.Store)(nil)
)

// stoppedClock always shows the same time, and not in UTC.
type stoppedClock struct{}

var stopped = time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("east", 3600))

func (stoppedClock) Now() time.Time { return stopped }

func (stoppedClock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

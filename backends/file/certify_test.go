package file_test

import (
	"context"
	"testing"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

func TestCertify(t *testing.T) {
	certify.Run(t, sim.Backend{Name: "file", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		return file.Open(ctx, "", file.Config{
			FS: disk.New(disk.Config{Point: env.Point}).FS(), Clock: env.Clock, IDs: eventcore.NewIDGenerator(env.Clock, env.Random),
		})
	}})
}

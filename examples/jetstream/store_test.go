package jetstream_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"example.org/jetstream"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/eventcore/storetest"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

// connect starts a server in this process, without a port.
func connect(t testing.TB, options *server.Options) natsjs.JetStream {
	t.Helper()
	options.ServerName, options.DontListen, options.JetStream = "certified", true, true
	options.StoreDir, options.NoLog, options.NoSigs, options.MaxPayload = t.TempDir(), true, true, 64<<20
	running, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	running.Start()
	t.Cleanup(func() {
		running.Shutdown()
		running.WaitForShutdown()
	})
	if !running.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server does not start")
	}
	connection, err := nats.Connect("", nats.InProcessServer(running))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	js, err := natsjs.New(connection)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// backend returns a backend each of whose stores is a JetStream stream of its own.
func backend(t testing.TB) sim.Backend {
	t.Helper()
	js := connect(t, &server.Options{})
	var stores atomic.Int64
	return sim.Backend{Name: "jetstream", Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		return jetstream.New(ctx, js, fmt.Sprint("store", stores.Add(1)), natsjs.MemoryStorage, env.Clock)
	}}
}

func TestCertify(t *testing.T) {
	certify.Run(t, backend(t), certify.Without(certify.MultiStream, certify.ReadOnly),
		// JetStream hands a message over as a whole, so the 10,000 events of one append are in memory at once: see README.md.
		certify.WithContract(storetest.Without("R-LAZY-01")))
}

package pgstep_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// lingering is a connection that takes its time to be closed.
type lingering struct {
	net.Conn
	time time.Duration
}

// Write waits before it takes leave of the server.
func (l lingering) Write(b []byte) (int, error) {
	const terminate = 'X'
	if len(b) > 0 && b[0] == terminate {
		time.Sleep(l.time)
	}
	return l.Conn.Write(b)
}

func (l lingering) Close() error {
	time.Sleep(l.time)
	return l.Conn.Close()
}

// TestATransactionThatIsGivenUpEndsAtTheSameStep: the pool closes a connection in the background
// that comes back in the middle of a transaction, and how long that takes is not up to the seed.
// Others wait for its locks all the while, or do not.
func TestATransactionThatIsGivenUpEndsAtTheSameStep(t *testing.T) {
	takes := time.Duration(0)
	b, _ := backendWith(t, stranger{careless: true}, func(cfg *pgxpool.Config) {
		dial := cfg.ConnConfig.DialFunc
		cfg.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			return lingering{conn, takes}, err
		}
	})
	cfg := sim.Config{Backend: b, Scenario: small(t), Seed: 1, Faults: plan(t, "none")}
	prompt, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, sim.Pass, prompt.Verdict, prompt.Reason)
	require.Positive(t, prompt.Coverage.Conflicts, "no transaction is given up")
	takes = 10 * time.Millisecond
	slow, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	if d := sim.Compare(prompt.Trace, slow.Trace); d != nil {
		require.Fail(t, d.Error())
	}
}

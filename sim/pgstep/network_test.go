package pgstep_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/pgstep"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// plan parses a fault plan.
func plan(t *testing.T, text string) *chaos.Plan {
	t.Helper()
	p, err := chaos.ParsePlan(text)
	require.NoError(t, err)
	return &p
}

// small returns the transfers with few calls, since each statement takes its time.
func small(t *testing.T) scenarios.Scenario {
	t.Helper()
	s := scenario(t, "transfers")
	s.Params.Clients, s.Params.OpsPerClient, s.Params.Streams = 2, 6, 2
	return s
}

func TestEachFaultOfTheNetworkFiresTheSameEachTime(t *testing.T) {
	b, _ := backend(t, stranger{}, 10, true)
	for _, kind := range chaos.RequestKinds() {
		t.Run(kind.Kind.String(), func(t *testing.T) {
			fired := 0
			for seed := uint64(0); seed < 4 && fired == 0; seed++ {
				r, err := sim.Verify(t.Context(), sim.Config{
					Backend: b, Scenario: small(t), Seed: seed, Faults: plan(t, kind.Kind.String()+"=5%"),
				})
				require.NoError(t, err)
				require.Equal(t, sim.Pass, r.Verdict, "%d: %s", seed, r.Reason)
				require.Len(t, r.Faults, r.Coverage.Faults[kind.Kind].Fired)
				if len(r.Faults) > 0 {
					require.Contains(t, text(t, r), "gets fault "+r.Faults[0].String())
				}
				fired += len(r.Faults)
			}
			require.Positive(t, fired)
		})
	}
}

// enough is the number of steps of a phase for what is small: several times what a store needs that
// is right. One that is wrong may keep its clients trying for ever.
const enough = 4000

// found returns the first seed from first up to end that shows something wrong, and the run.
func found(t *testing.T, b sim.Backend, s scenarios.Scenario, faults string, first, end uint64) (uint64, *sim.Result) {
	t.Helper()
	for seed := first; seed < end; seed++ {
		r, err := sim.Run(t.Context(), sim.Config{Backend: b, Scenario: s, Seed: seed, Faults: plan(t, faults), Steps: enough})
		require.NoError(t, err)
		require.NotEqual(t, sim.Broken, r.Verdict, r.Reason)
		if r.Failed() {
			return seed, r
		}
	}
	return end, nil
}

// Each bug is found by its fault within so many seeds, on which the store without the bug
// passes; without the fault the bug is not found. The seeds start where it is found today.
func TestBugsThatOnlyTheNetworkShows(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes many runs")
	}
	const seeds = 8
	for _, planted := range []struct {
		name   string
		like   stranger
		faults string
		first  uint64
	}{
		{"an append whose answer is lost is reported as not applied", stranger{sure: true}, "net-cut-after=10%", 2},
		{"an append whose answer is lost is sent again", stranger{insisting: true}, "net-cut-after=10%", 2},
		{"a connection that is broken is used again", stranger{clinging: true}, "net-cut-request=5%", 0},
		{"a COPY whose connection is lost is sent again on another one", stranger{copying: true, recopying: true}, "net-cut-request=5%", 5},
		{"a server that was not there once is given up", stranger{discouraged: true}, "net-refused=20%", 0},
	} {
		t.Run(planted.name, func(t *testing.T) {
			t.Parallel()
			s := small(t)
			buggy, _ := backend(t, planted.like, 10, true)
			seed, r := found(t, buggy, s, planted.faults, planted.first, planted.first+seeds)
			require.NotNil(t, r, "not found in %d seeds from %d on", seeds, planted.first)
			t.Logf("found by seed %d in %d steps: %s", seed, r.Steps, r.Reason)
			replays(t, buggy, r)
			_, r = found(t, buggy, s, "none", planted.first, seed+1)
			require.Nil(t, r, "it is found without the fault too")
			right, _ := backend(t, stranger{copying: planted.like.copying}, 10, true)
			_, r = found(t, right, s, planted.faults, planted.first, seed+1)
			if r != nil {
				require.Fail(t, "the right store fails", r.Reason)
			}
		})
	}
}

// replays requires the seed file of a run to come to the same trace.
func replays(t *testing.T, b sim.Backend, r *sim.Result) {
	t.Helper()
	data, err := seedfile.Of(r).Format()
	require.NoError(t, err)
	file, err := seedfile.Parse(data)
	require.NoError(t, err)
	cfg, err := file.Config(b)
	require.NoError(t, err)
	cfg.Steps = enough
	again, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Nil(t, sim.Compare(r.Trace, again.Trace))
	require.NoError(t, file.Check(again))
}

// surviving takes a lease for held whose connection was lost, once it has another one.
type surviving struct {
	*postgres.Store
	right bool
	pool  *pgxpool.Pool
	close func() error
}

func (s *surviving) Close() error {
	if err := s.Store.Close(); err != nil {
		return err
	}
	s.pool.Close()
	return s.close()
}

func (s *surviving) TryAcquire(ctx context.Context, id eventcore.SubscriptionID) (eventcore.Lease, error) {
	lease, err := s.Store.TryAcquire(ctx, id)
	if err != nil || s.right {
		return lease, err
	}
	return &survivor{Lease: lease, pool: s.pool}, nil
}

type survivor struct {
	eventcore.Lease
	pool        *pgxpool.Pool
	reconnected bool
}

func (s *survivor) Check(ctx context.Context) error {
	if s.reconnected {
		return nil
	}
	err := s.Lease.Check(ctx)
	if _, lost := errors.AsType[net.Error](err); lost && s.pool.Ping(ctx) == nil {
		s.reconnected = true
		return nil
	}
	return err
}

// leased returns a backend with such leases.
func leased(t *testing.T, right bool) sim.Backend {
	t.Helper()
	server.DSN(t) // or skip
	cluster, err := server.Cluster()
	require.NoError(t, err)
	tracer, err := pgstep.Open(t.Context(), cluster.DSN())
	require.NoError(t, err)
	t.Cleanup(tracer.Close)
	return sim.Backend{Name: "leased", Blocks: true, NetworkFaults: true, Open: func(ctx context.Context, env sim.Env) (eventcore.Store, error) {
		db, err := cluster.Database(ctx)
		if err != nil {
			return nil, err
		}
		pool, err := pool(ctx, db.DSN, tracer, nil)
		if err != nil {
			return nil, err
		}
		store, err := postgres.New(ctx, pool, postgres.Config{Clock: env.Clock})
		if err != nil {
			return nil, err
		}
		return &surviving{store, right, pool, db.Close}, nil
	}}
}

func TestALeaseThatSurvivesItsConnectionIsFoundByTheNetworkOnly(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes many runs")
	}
	// A run takes a second or two: the seeds start where the bug is found today.
	const first, end = 5, 20
	s := scenario(t, "leadership")
	const faults = "net-cut-request=10%"
	seed, r := found(t, leased(t, false), s, faults, first, end)
	require.NotNil(t, r, "not found by seeds %d to %d", first, end-1)
	t.Logf("found by seed %d: %s", seed, r.Reason)
	_, r = found(t, leased(t, false), s, "none", first, seed+1)
	require.Nil(t, r, "it is found without the fault too")
	_, r = found(t, leased(t, true), s, faults, first, seed+1)
	if r != nil {
		require.Fail(t, "the right store fails", r.Reason)
	}
}

// TestAStoreThatIsLostOnALostConnectionMakesNoProgress: it does not hang, and another run of the
// seed comes to the same step.
func TestAStoreThatIsLostOnALostConnectionMakesNoProgress(t *testing.T) {
	b, _ := backendWith(t, stranger{obstinate: true, clinging: true}, func(*pgxpool.Config) {})
	cfg := sim.Config{Backend: b, Scenario: small(t), Steps: 1000, Faults: plan(t, "net-cut-before=5%")}
	r, err := sim.Verify(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, sim.NoProgress, r.Verdict, r.Reason)
	require.Equal(t, "no progress", r.Findings[0].Name)
	require.Contains(t, r.Findings[0].Message, `"pgx: on a connection that is closed"`)
}

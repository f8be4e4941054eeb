package sqlstep_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sqlstep"
)

// setting is how a stranger's database is opened.
type setting struct {
	like        stranger
	parameters  []string
	connections int
	// plain: its statements are no steps.
	plain bool
	// count counts connections, unless it is nil.
	count *counting
}

// usual returns the parameters of a database that several connections use well.
func usual(more ...string) []string { return append([]string{patient, wal, noSync}, more...) }

// closing closes the pool with the store.
type closing struct{ *stranger }

func (c closing) Close() error { return c.db.Close() }

// backend returns a stranger's backend; each run has a file of its own.
func backend(t testing.TB, s setting) sim.Backend {
	t.Helper()
	return sim.Backend{Name: "stranger", Open: func(ctx context.Context, _ sim.Env) (eventcore.Store, error) {
		connector := inFile(t, s.parameters...)
		if s.count != nil {
			connector = &counted{connector, s.count}
		}
		db := open(connector, s.plain)
		// As a backend does it that knows nothing of all this.
		db.SetMaxOpenConns(s.connections)
		if _, err := db.ExecContext(ctx, strangersTables); err != nil {
			return nil, fmt.Errorf("make tables: %w", err)
		}
		made := s.like
		made.db = db
		return closing{&made}, nil
	}}
}

func open(c driver.Connector, plain bool) *sql.DB {
	if plain {
		return sql.OpenDB(c)
	}
	return sqlstep.OpenDB(c)
}

// counting counts connections.
type counting struct{ opened, open atomic.Int64 }

// counted is a connector whose connections are counted.
type counted struct {
	driver.Connector
	*counting
}

func (c *counted) Connect(ctx context.Context) (driver.Conn, error) {
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c.opened.Add(1)
	c.open.Add(1)
	return &countedConn{made.(everything), c.counting}, nil
}

// everything is what a connection of modernc.org/sqlite can do.
type everything interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type countedConn struct {
	everything
	*counting
}

func (c *countedConn) Close() error {
	c.open.Add(-1)
	return c.everything.Close()
}

func scenario(t testing.TB, name string) scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Lookup(name)
	require.NoError(t, err)
	return s
}

// seeds is the number of seeds of a test that shows what it is to show in the first two.
func seeds(full uint64) uint64 {
	if testing.Short() {
		return min(full, 2)
	}
	return full
}

// text returns a trace as text.
func text(t testing.TB, r *sim.Result) string {
	t.Helper()
	var b strings.Builder
	_, err := r.Trace.WriteTo(&b)
	require.NoError(t, err)
	return b.String()
}

// firstFailure returns the first of n seeds that does not pass, and what is wrong; n if
// all pass.
func firstFailure(t *testing.T, b sim.Backend, name string, n uint64) (seed uint64, reason string) {
	t.Helper()
	for seed := range n {
		r, err := sim.Run(t.Context(), sim.Config{Backend: b, Scenario: scenario(t, name), Seed: seed})
		require.NoError(t, err)
		if r.Verdict != sim.Pass {
			return seed, r.Reason
		}
	}
	return n, ""
}

func TestBugsBetweenStatementsAreFoundWithStepsOnly(t *testing.T) {
	for name, bug := range map[string]struct {
		setting
		scenario string
		within   uint64
		reason   string
	}{
		"a deferred transaction reads, then writes": {
			setting{parameters: usual()}, "transfers", 10, "database is locked",
		},
		"versions are checked outside of the transaction": {
			setting{like: stranger{split: true}, parameters: usual(immediate)}, "contention", 10, "but its event is version",
		},
		"there is no transaction": {
			setting{like: stranger{piecemeal: true}, parameters: usual()}, "transfers", 10, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			seed, reason := firstFailure(t, backend(t, bug.setting), bug.scenario, bug.within)
			require.Less(t, seed, bug.within, "not found")
			t.Logf("seed %d: %s", seed, reason)
			require.Contains(t, reason, bug.reason)
			bug.plain = true
			_, reason = firstFailure(t, backend(t, bug.setting), bug.scenario, max(seed+1, seeds(bug.within)))
			require.Empty(t, reason, "without steps an append is one step: nothing can come between")
		})
	}
}

func TestASeedDecidesTheOrderOfStatements(t *testing.T) {
	for name, s := range map[string]setting{
		"write-ahead log":               {parameters: usual(immediate)},
		"rollback journal":              {parameters: []string{patient, journal, noSync, immediate}},
		"reads in a transaction":        {like: stranger{snapshot: true}, parameters: usual(immediate)},
		"journal, reads in transaction": {like: stranger{snapshot: true}, parameters: []string{patient, journal, noSync, immediate}},
		"three connections":             {parameters: usual(immediate), connections: 3},
	} {
		t.Run(name, func(t *testing.T) {
			b, held := backend(t, s), 0
			for seed := range seeds(6) {
				r := verified(t, sim.Config{Backend: b, Scenario: scenario(t, "contention"), Seed: seed})
				trace := text(t, r)
				require.Contains(t, trace, "sql: BEGIN")
				require.Contains(t, trace, "sql: INSERT INTO events")
				require.Contains(t, trace, "sql: COMMIT")
				held += strings.Count(trace, "sql: lock")
			}
			require.Positive(t, held, "no statement ever met a lock")
		})
	}
}

// verified carries a run out twice, the second time on another number of processors and
// with another way of switching tasks.
func verified(t *testing.T, cfg sim.Config) *sim.Result {
	t.Helper()
	first, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, sim.Pass, first.Verdict, "seed %d: %s", cfg.Seed, first.Reason)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1 + int(cfg.Seed%3)))
	cfg.GoroutineSwitch = !cfg.GoroutineSwitch
	second, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Nil(t, sim.Compare(first.Trace, second.Trace), "seed %d", cfg.Seed)
	return first
}

// TestContextsThatEndChangeNothing cancels calls, so that database/sql rolls back on
// goroutines of its own.
func TestContextsThatEndChangeNothing(t *testing.T) {
	plan, err := chaos.ParsePlan("cancel=30%,delay=20%")
	require.NoError(t, err)
	b := backend(t, setting{like: stranger{snapshot: true}, parameters: usual(immediate), connections: 2})
	cancelled := 0
	for seed := range seeds(12) {
		r := verified(t, sim.Config{Backend: b, Scenario: scenario(t, "contention"), Seed: seed, Faults: &plan})
		cancelled += len(r.Faults)
	}
	require.Positive(t, cancelled)
}

func TestAPoolThatIsExhaustedDoesNotHangTheRun(t *testing.T) {
	for connections := 1; connections <= 2; connections++ {
		b, waited := backend(t, setting{parameters: usual(immediate), connections: connections}), 0
		for seed := range seeds(5) {
			r := verified(t, sim.Config{Backend: b, Scenario: scenario(t, "transfers"), Seed: seed})
			waited += strings.Count(text(t, r), "sql: every connection is taken")
		}
		require.Positive(t, waited)
	}
}

// TestAPoolThatNobodyGivesBackToIsADeadlock has a store that holds a connection for each
// sequence that is read, and clients that read others meanwhile.
func TestAPoolThatNobodyGivesBackToIsADeadlock(t *testing.T) {
	b := backend(t, setting{like: stranger{snapshot: true}, parameters: usual(immediate), connections: 1})
	for seed := range uint64(10) {
		r, err := sim.Run(t.Context(), sim.Config{Backend: b, Scenario: scenario(t, "pool-saturation"), Seed: seed})
		require.NoError(t, err)
		if r.Verdict == sim.NoProgress && strings.Contains(r.Reason, "every connection is taken") {
			return
		}
		require.Equal(t, sim.Pass, r.Verdict, r.Reason)
	}
	t.Fatal("no seed found it")
}

// TestARunThatIsCutShortLeavesNothingBehind takes tasks down in the middle of statements, of
// those in transactions too, which are rolled back then.
func TestARunThatIsCutShortLeavesNothingBehind(t *testing.T) {
	for name, s := range map[string]setting{
		"transactions":               {parameters: usual(immediate), connections: 3},
		"those that are tried ever":  {like: stranger{obstinate: true}, parameters: usual(immediate), connections: 3},
		"on a connection each":       {like: stranger{obstinate: true}, parameters: usual(immediate)},
		"that begin without a lock":  {like: stranger{obstinate: true}, parameters: usual(), connections: 3},
		"that keep their connection": {like: stranger{obstinate: true, keeps: true}, parameters: usual(immediate), connections: 3},
		"without a timeout":          {like: stranger{obstinate: true}, parameters: []string{wal, noSync, immediate}, connections: 3},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range seeds(10) {
				for steps := 150; steps < 400; steps += 25 {
					leavesNothing(t, s, seed, steps)
				}
			}
		})
	}
}

// leavesNothing cuts a run short.
func leavesNothing(t *testing.T, s setting, seed uint64, steps int) {
	t.Helper()
	opened := &counting{}
	s.count = opened
	r, err := sim.Run(t.Context(), sim.Config{
		Backend: backend(t, s), Scenario: scenario(t, "transfers"), Seed: seed, Steps: steps, StallTimeout: 5 * time.Second,
	})
	require.NoError(t, err)
	require.Equal(t, sim.NoProgress, r.Verdict, "seed %d, %d steps: %s", seed, steps, r.Reason)
	require.Empty(t, r.Stall, r.Reason)
	require.Positive(t, opened.opened.Load())
	require.Zero(t, opened.open.Load(), "connections are left")
}

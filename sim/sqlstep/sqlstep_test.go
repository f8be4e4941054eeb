package sqlstep_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	modernc "modernc.org/sqlite"

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
}

// usual returns the parameters of a database that several connections use well.
func usual(more ...string) []string { return append([]string{patient, wal, noSync}, more...) }

// closing closes the pool with the store.
type closing struct {
	*stranger
	dir string
}

func (c *closing) Close() error {
	err := c.db.Close()
	if failed := os.RemoveAll(c.dir); err == nil {
		err = failed
	}
	return err
}

// backend returns a stranger's backend; each run has a file of its own.
func backend(t testing.TB, s setting) sim.Backend {
	t.Helper()
	root := t.TempDir()
	return sim.Backend{Name: "stranger", Open: func(ctx context.Context, _ sim.Env) (eventcore.Store, error) {
		dir, err := os.MkdirTemp(root, "run")
		if err != nil {
			return nil, err
		}
		connector, err := modernc.NewConnector(source(filepath.Join(dir, "events.db"), s.parameters...))
		if err != nil {
			return nil, err
		}
		db := open(connector, s.plain)
		// As a backend does it that knows nothing of all this.
		db.SetMaxOpenConns(s.connections)
		if _, err := db.ExecContext(ctx, strangersTables); err != nil {
			return nil, fmt.Errorf("make tables: %w", err)
		}
		made := s.like
		made.db = db
		return &closing{&made, dir}, nil
	}}
}

func open(c driver.Connector, plain bool) *sql.DB {
	if plain {
		return sql.OpenDB(c)
	}
	return sqlstep.OpenDB(c)
}

func scenario(t testing.TB, name string) scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Lookup(name)
	require.NoError(t, err)
	return s
}

// seeds is the number of seeds of a test.
func seeds(full uint64) uint64 {
	if testing.Short() {
		return min(full, 10)
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
			setting{parameters: usual()}, "transfers", 40, "database is locked",
		},
		"versions are checked outside of the transaction": {
			setting{like: stranger{split: true}, parameters: usual(immediate)}, "contention", 40, "",
		},
		"streams that are only read are not checked": {
			setting{like: stranger{trusting: true}, parameters: usual(immediate)}, "write-skew", 40, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			seed, reason := firstFailure(t, backend(t, bug.setting), bug.scenario, bug.within)
			require.Less(t, seed, bug.within, "not found")
			t.Logf("seed %d: %s", seed, reason)
			require.Contains(t, reason, bug.reason)
			bug.plain = true
			seed, reason = firstFailure(t, backend(t, bug.setting), bug.scenario, bug.within)
			t.Logf("plain: seed %d: %s", seed, reason)
		})
	}
}

package processes_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/backends/sqlite"
	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/pgtest"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim/processes"
)

// placeVariable makes a run of the test binary one of the processes; it says which store
// to open.
const placeVariable = "EVENTCORE_PROCESSES_PLACE"

var server pgtest.Once

func TestMain(m *testing.M) {
	place := os.Getenv(placeVariable)
	if place == "" {
		os.Exit(server.Run(m))
	}
	if err := serve(context.Background(), place); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, place string) error {
	store, err := open(ctx, place)
	if err != nil {
		return err
	}
	err = processes.Serve(ctx, store, os.Stdin, os.Stdout)
	return errors.Join(err, store.(io.Closer).Close())
}

// open opens "kind:where", where the kind may have a planted bug, as in "late+sqlite:path".
func open(ctx context.Context, place string) (eventcore.Store, error) {
	kind, where, _ := strings.Cut(place, ":")
	bug, kind, planted := strings.Cut(kind, "+")
	if !planted {
		bug, kind = "", bug
	}
	var store eventcore.Store
	var err error
	switch kind {
	case "file":
		store, err = file.Open(ctx, where, file.Config{})
	case "sqlite":
		store, err = sqlite.Open(ctx, where, sqlite.Config{})
	default:
		store, err = postgres.Open(ctx, where, postgres.Config{})
	}
	switch {
	case err != nil:
	case bug == "late":
		store = &late{Store: store}
	case bug == "rewriting":
		store = &rewriting{Store: store}
	}
	return store, err
}

// rewriting stores other metadata than it was given, which no history of calls shows.
type rewriting struct{ eventcore.Store }

func (s *rewriting) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	var other eventcore.Writes
	for _, p := range writes.Participants() {
		if err := other.Expect(p.Stream, p.Expected); err != nil {
			return eventcore.Appended{}, err
		}
	}
	for _, e := range writes.Events() {
		e.Event.Metadata = []byte(`{"by":"somebody"}`)
		if err := other.Append(writes.Participants()[e.Participant].Stream, e.Event); err != nil {
			return eventcore.Appended{}, err
		}
	}
	return s.Store.Append(ctx, other)
}

func (s *rewriting) Close() error { return s.Store.(io.Closer).Close() }

// late says that an append is applied a while before it is, so that a process that is
// killed meanwhile takes it along. No crash inside of the process shows that.
type late struct {
	eventcore.Store
	mu sync.Mutex
}

func (s *late) Append(ctx context.Context, writes eventcore.Writes) (eventcore.Appended, error) {
	s.mu.Lock()
	var versions []eventcore.StreamVersion
	for _, p := range writes.Participants() {
		at := eventcore.Version(0)
		for e, err := range s.Store.ReadStream(ctx, p.Stream, 0) {
			if err != nil {
				s.mu.Unlock()
				return eventcore.Appended{}, err
			}
			at = e.Version
		}
		if at != p.Expected {
			s.mu.Unlock()
			return eventcore.Appended{}, &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: at}
		}
		if p.Events > 0 {
			versions = append(versions, eventcore.StreamVersion{Stream: p.Stream, Version: at + eventcore.Version(p.Events)})
		}
	}
	go func() {
		defer s.mu.Unlock()
		time.Sleep(2 * time.Millisecond)
		_, _ = s.Store.Append(ctx, writes)
	}()
	return eventcore.Appended{Streams: versions}, nil
}

func (s *late) ReadStream(ctx context.Context, id eventcore.StreamID, after eventcore.Version) iter.Seq2[eventcore.Recorded, error] {
	return func(yield func(eventcore.Recorded, error) bool) {
		s.mu.Lock() // what was said to be applied is read
		defer s.mu.Unlock()
		for e, err := range s.Store.ReadStream(ctx, id, after) {
			if !yield(e, err) {
				return
			}
		}
	}
}

func (s *late) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store.(io.Closer).Close()
}

// config runs the scenario on a place.
func config(t *testing.T, place, scenario string) processes.Config {
	t.Helper()
	s, err := scenarios.Lookup(scenario)
	require.NoError(t, err)
	return processes.Config{
		Seed: 1, Scenario: s, Processes: 2, Clients: 2, Ops: 6, Kills: 2,
		Command: func(ctx context.Context) *exec.Cmd {
			cmd := exec.CommandContext(ctx, os.Args[0])
			cmd.Env = append(os.Environ(), placeVariable+"="+place)
			return cmd
		},
		Open: func(ctx context.Context) (eventcore.Store, error) { return open(ctx, place) },
	}
}

// passes runs some seeds, each on a store of its own, and sees to it that what they are for
// happened.
func passes(t *testing.T, configured func(t *testing.T) processes.Config) {
	t.Helper()
	seeds := 2
	if testing.Short() {
		seeds = 1
	}
	var killed, underWay, refused int
	for seed := range uint64(seeds) {
		cfg := configured(t)
		cfg.Seed = seed + 1
		result, err := processes.Run(t.Context(), cfg)
		require.NoError(t, err)
		require.Empty(t, result.Findings, "seed %d", cfg.Seed)
		require.Empty(t, result.Undecided, "seed %d", cfg.Seed)
		require.Empty(t, result.LeftOut)
		require.NotEmpty(t, result.Results)
		require.NotEmpty(t, result.History.Final.Streams)
		killed += result.Killed
		underWay += result.UnderWay
		refused += result.Refused
		require.Equal(t, cfg.Exclusive, refused > 0)
	}
	t.Logf("%d killed, %d calls under way, %d processes refused", killed, underWay, refused)
	require.Positive(t, killed)
	if seeds > 1 {
		require.Positive(t, underWay, "no kill came in the middle of a call")
	}
}

func TestSQLite(t *testing.T) {
	for _, scenario := range []string{"contention", "mixed"} {
		t.Run(scenario, func(t *testing.T) {
			passes(t, func(t *testing.T) processes.Config {
				return config(t, "sqlite:"+filepath.Join(t.TempDir(), "events.db"), scenario)
			})
		})
	}
}

func TestFile(t *testing.T) {
	passes(t, func(t *testing.T) processes.Config {
		cfg := config(t, "file:"+t.TempDir(), "contention")
		cfg.Processes, cfg.Kills, cfg.Exclusive = 1, 3, true
		return cfg
	})
}

// TestAProcessHasTheStoreUntilItWasLookedWhetherOthersAreKeptOut, however slow that is: the
// process is done with its work long before.
func TestAProcessHasTheStoreUntilItWasLookedWhetherOthersAreKeptOut(t *testing.T) {
	cfg := config(t, "file:"+t.TempDir(), "contention")
	cfg.Processes, cfg.Kills, cfg.Exclusive = 1, 0, true
	open := cfg.Open
	cfg.Open = func(ctx context.Context) (eventcore.Store, error) {
		time.Sleep(300 * time.Millisecond)
		return open(ctx)
	}
	result, err := processes.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Empty(t, result.Findings)
	require.Equal(t, 1, result.Refused)
}

func TestPostgres(t *testing.T) {
	passes(t, func(t *testing.T) processes.Config {
		db := server.DSN(t)
		cfg := config(t, "postgres:"+pgtest.With(db, "application_name", "processes"), "transfers")
		cfg.Idle = func(ctx context.Context) error { return idle(ctx, db) }
		return cfg
	})
}

// idle waits until no process has a session any more: the server may still commit what one
// sent before it was killed.
func idle(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for n := 1; n > 0; {
		const others = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'processes'"
		if err := conn.QueryRow(ctx, others).Scan(&n); err != nil {
			return err
		}
	}
	return nil
}

func TestAnAppendThatDiesWithItsProcessIsFound(t *testing.T) {
	for seed := range uint64(20) {
		cfg := config(t, "late+sqlite:"+filepath.Join(t.TempDir(), "events.db"), "contention")
		cfg.Seed, cfg.Processes, cfg.Kills = seed+1, 1, 2
		result, err := processes.Run(t.Context(), cfg)
		require.NoError(t, err)
		if len(result.Findings) > 0 {
			t.Logf("seed %d: %s", cfg.Seed, result.Findings[0])
			return
		}
	}
	t.Fatal("it was not found")
}

// TestInvariantsAreChecked: that an event is what was sent, only they say. What was done is done
// again from the plan.
func TestInvariantsAreChecked(t *testing.T) {
	cfg := config(t, "rewriting+sqlite:"+filepath.Join(t.TempDir(), "events.db"), "contention")
	cfg.Kills = 1
	result, err := processes.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Contains(t, names(result.Findings), "invariant acknowledged")
	require.Len(t, result.Plan.Clients, 8)
	require.Len(t, result.Plan.Kills, 4)

	again := config(t, "rewriting+sqlite:"+filepath.Join(t.TempDir(), "events.db"), "contention")
	again.Again, again.Kills, again.Seed = &result.Plan, 0, 99
	second, err := processes.Run(t.Context(), again)
	require.NoError(t, err)
	require.Contains(t, names(second.Findings), "invariant acknowledged")
	require.Equal(t, result.Plan, second.Plan)
	require.Positive(t, second.Killed)
}

func names(findings []processes.Finding) (all []string) {
	for _, f := range findings {
		all = append(all, f.Name)
	}
	return all
}

func TestWhatIsNotCheckedIsSaid(t *testing.T) {
	cfg := config(t, "sqlite:"+filepath.Join(t.TempDir(), "events.db"), "snapshots")
	cfg.Processes, cfg.Clients, cfg.Kills, cfg.Ops = 1, 1, 0, 2
	result, err := processes.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Empty(t, result.Findings)
	require.Contains(t, result.LeftOut, "eventcore.SnapshotStore")
}

func TestFaultsComeInTheProcesses(t *testing.T) {
	cfg := config(t, "sqlite:"+filepath.Join(t.TempDir(), "events.db"), "contention")
	plan, err := chaos.ParsePlan("fail-after=30%,decode-error=10%")
	require.NoError(t, err)
	cfg.Faults, cfg.Kills = plan, 1
	result, err := processes.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Empty(t, result.Findings)
	unknown := 0
	for i := range result.History.Operations {
		if op := &result.History.Operations[i]; op.Outcome == eventcore.OutcomeUnknown && op.Err != nil {
			unknown++
		}
	}
	require.Positive(t, unknown)
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	cfg := config(t, "sqlite:x", "contention")
	cfg.Faults = chaos.Explicit(chaos.Fault{Kind: chaos.Delay})
	_, err := processes.Run(t.Context(), cfg)
	require.ErrorContains(t, err, "processes: Faults: chaos: fault delay@c0.0: a delay of 0s is not allowed")
	cfg.Exclusive = true
	_, err = processes.Run(t.Context(), cfg)
	require.ErrorContains(t, err, "Processes is 2 and Exclusive is set")
	cfg.Processes = 0
	_, err = processes.Run(t.Context(), cfg)
	require.ErrorContains(t, err, "give at least 1, 1, 1, 0")
	_, err = processes.Run(t.Context(), processes.Config{})
	require.ErrorContains(t, err, "Command or Open is nil")
	cfg.Processes, cfg.Again = 2, &processes.Plan{Clients: make([][]scenarios.Op, 3), Kills: make([]int, 3)}
	_, err = processes.Run(t.Context(), cfg)
	require.ErrorContains(t, err, "Again has 3 processes with 3 clients, and 2 run at a time")
}

package pgstep_test

import (
	"context"
	"errors"
	"flag"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// copiersTables are those that a stranger has besides who copies.
const copiersTables = `
CREATE TABLE claims (stream text NOT NULL, version bigint NOT NULL, more text NOT NULL, PRIMARY KEY (stream, version));
CREATE TABLE audit (id uuid NOT NULL)`

// claim copies the versions that come next of the streams that are written to. It fails where
// another transaction has one of them, and waits for that to end if it has not.
func (s *stranger) claim(ctx context.Context, tx querier, participants []eventcore.Participant) error {
	more := ""
	if s.bulky {
		more = strings.Repeat("x", 300_000)
	}
	var rows [][]any
	for _, p := range participants {
		if p.Events > 0 {
			rows = append(rows, []any{p.Stream.String(), int64(p.Expected + 1), more})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"claims"}, claims(), pgx.CopyFromRows(rows))
	return err
}

func claims() []string { return []string{"stream", "version", "more"} }

// breakOff copies a claim that turns out to be stale in the middle.
func breakOff(ctx context.Context, tx querier, p eventcore.Participant, actual eventcore.Version) error {
	stale := &eventcore.VersionConflict{Stream: p.Stream, Expected: p.Expected, Actual: actual}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"claims"}, claims(), pgx.CopyFromSlice(2, func(i int) ([]any, error) {
		if i > 0 {
			return nil, stale
		}
		return []any{p.Stream.String(), int64(p.Expected + 1), ""}, nil
	}))
	if told, ok := errors.AsType[*pgconn.PgError](err); ok && told.Code == "57014" {
		return stale
	}
	return err
}

// copy copies events.
func (s *stranger) copy(ctx context.Context, tx querier, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	columns := []string{"position", "stream", "version", "id", "type", "data", "at"}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"events"}, columns, pgx.CopyFromRows(rows))
	if s.recopying && isLoss(err) {
		_, err = s.pool.CopyFrom(ctx, pgx.Identifier{"events"}, columns, pgx.CopyFromRows(rows))
	}
	return err
}

// note keeps a row of an append. It is told whether that is there, or not known.
func (s *stranger) note(ctx context.Context, id eventcore.EventID) error {
	insert := func() error {
		_, err := s.pool.CopyFrom(ctx, pgx.Identifier{"audit"}, []string{"id"}, pgx.CopyFromRows([][]any{{[16]byte(id)}}))
		return err
	}
	err := insert()
	if isLoss(err) {
		err = insert()
	}
	return err
}

// count counts what is there twice.
func (s *stranger) count() error {
	if s.audit == nil {
		return nil
	}
	var twice int
	err := s.pool.QueryRow(context.Background(), "SELECT count(*) - count(DISTINCT id) FROM audit").Scan(&twice)
	*s.audit += twice
	return err
}

// stranded is a fault of a client in a trace, or where a client goes on.
var stranded = regexp.MustCompile(`(client \d+) (?:gets fault ([a-z-]+)@|goes on from "([^"]*)")`)

// onCopies counts the faults of a kind that requests suffered which are a COPY.
func onCopies(trace string, kind chaos.Kind) (n int) {
	at := map[string]string{}    // where each client went on last
	delayed := map[string]bool{} // whose delay has begun
	for _, m := range stranded.FindAllStringSubmatch(trace, -1) {
		client, fault, point := m[1], m[2], m[3]
		switch {
		case fault == kind.String() && kind == chaos.NetDelay:
			delayed[client] = true // it is over before the request is a step
		case fault == kind.String() && strings.HasPrefix(at[client], "sql: COPY "):
			n++
		case fault == "" && point != "sleep":
			if delayed[client] && strings.HasPrefix(point, "sql: COPY ") {
				n++
			}
			at[client], delayed[client] = point, false
		}
	}
	return n
}

// copiesOf returns which requests of a client are a COPY into a table.
func copiesOf(trace, client, table string) (numbers []int) {
	n := 0
	for _, m := range stranded.FindAllStringSubmatch(trace, -1) {
		if m[1] != client || !strings.HasPrefix(m[3], "sql: ") || m[3] == "sql: lock" {
			continue
		}
		if m[3] == "sql: COPY "+table {
			numbers = append(numbers, n)
		}
		n++
	}
	return numbers
}

func TestACOPYSuffersEachFaultOfTheNetworkTheSameEachTime(t *testing.T) {
	b, _ := backend(t, stranger{copying: true}, 10, true)
	cfg := sim.Config{Backend: b, Scenario: small(t), Seed: 1, Faults: plan(t, "none")}
	quiet, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	for _, kind := range chaos.RequestKinds() {
		if kind.Kind == chaos.NetRefused {
			continue // it is of the connection, before there is a request
		}
		t.Run(kind.Kind.String(), func(t *testing.T) {
			for _, table := range []string{"claims", "events"} {
				numbers := copiesOf(text(t, quiet), "client 1", table)
				require.NotEmpty(t, numbers)
				fault := chaos.Fault{Kind: kind.Kind, Client: 1, Call: numbers[0]}
				if kind.Timed {
					fault.Delay = 5 * time.Millisecond
				}
				struck := cfg
				struck.Faults = new(chaos.Explicit(fault))
				r, err := sim.Verify(t.Context(), struck)
				require.NoError(t, err)
				require.Equal(t, sim.Pass, r.Verdict, r.Reason)
				require.Equal(t, 1, onCopies(text(t, r), kind.Kind), "%s", fault)
				require.Equal(t, []chaos.Fault{fault}, r.Faults)
			}
		})
	}
}

// TestACOPYIsCarriedOutOrNotAsItsFaultSays: rows that are sent again are there twice where only the
// answer was lost.
func TestACOPYIsCarriedOutOrNotAsItsFaultSays(t *testing.T) {
	twice := new(int)
	b, _ := backend(t, stranger{audit: twice}, 10, true)
	cfg := sim.Config{Backend: b, Scenario: small(t), Seed: 1, Faults: plan(t, "none")}
	quiet, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Zero(t, *twice)
	numbers := copiesOf(text(t, quiet), "client 1", "audit")
	require.NotEmpty(t, numbers)
	for kind, want := range map[chaos.Kind]int{
		chaos.NetCutBefore: 0, chaos.NetCutRequest: 0, chaos.EndSession: 0, chaos.NetHalfOpen: 0, chaos.NetCutAfter: 1, chaos.NetCutResult: 1,
	} {
		*twice = 0
		fault := chaos.Fault{Kind: kind, Client: 1, Call: numbers[0]}
		if kind == chaos.NetHalfOpen {
			fault.Delay = time.Second
		}
		cfg.Faults = new(chaos.Explicit(fault))
		r, err := sim.Run(t.Context(), cfg)
		require.NoError(t, err)
		require.Equal(t, []chaos.Fault{fault}, r.Faults)
		require.Equal(t, 1, onCopies(text(t, r), kind), "%s", fault)
		require.Equal(t, want, *twice, "%s", fault)
	}
}

const everyFault = "net-cut-before=3%, net-cut-request=3%, net-cut-after=3%, net-cut-result=3%, net-delay=3%, net-half-open=3%, " +
	"end-session=3%, net-refused=2%, cancel=4%"

var repetitions = flag.Int("pgstep.copies", 6, "repetitions of TestACOPYRunsTheSameEachTime")

func TestACOPYRunsTheSameEachTime(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes many runs")
	}
	b, _ := backend(t, stranger{copying: true}, 4, true)
	s := small(t)
	s.Params.Clients, s.Params.OpsPerClient = 3, 4
	cfg := sim.Config{Backend: b, Scenario: s, Seed: 14, Faults: plan(t, everyFault)}
	first, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, sim.Pass, first.Verdict, first.Reason)
	hit := 0
	for _, kind := range chaos.RequestKinds() {
		hit += onCopies(text(t, first), kind.Kind)
	}
	require.Positive(t, hit)
	require.Positive(t, waits(text(t, first)))
	t.Log(hit, "faults,", waits(text(t, first)), "waits")
	for range *repetitions {
		again, err := sim.Run(t.Context(), cfg)
		require.NoError(t, err)
		if d := sim.Compare(first.Trace, again.Trace); d != nil {
			require.Fail(t, d.Error())
		}
	}
}

// waits counts how often a COPY has waited for a lock.
func waits(trace string) (n int) {
	at := map[string]string{}
	for _, m := range stranded.FindAllStringSubmatch(trace, -1) {
		client, point := m[1], m[3]
		if point == "sql: lock" && strings.HasPrefix(at[client], "sql: COPY ") {
			n++
		}
		if point != "" {
			at[client] = point
		}
	}
	return n
}

// TestACOPYWaitsForALockWithMoreThanTheSystemKeepsOfIt: what it sends is held up as well.
func TestACOPYWaitsForALockWithMoreThanTheSystemKeepsOfIt(t *testing.T) {
	b, _ := backend(t, stranger{copying: true, bulky: true}, 10, true)
	waited := 0
	for seed := uint64(1); seed <= seeds(3); seed++ {
		r, err := sim.Verify(t.Context(), sim.Config{Backend: b, Scenario: scenario(t, "transfers"), Seed: seed, Faults: plan(t, "end-session=2%")})
		require.NoError(t, err)
		require.Equal(t, sim.Pass, r.Verdict, "%d: %s\n%s", seed, r.Reason, r.Stall)
		waited += waits(text(t, r))
	}
	require.Positive(t, waited)
	t.Log(waited, "waits")
}

// TestARunEndsWhileACOPYWaitsForALock: the task is taken down where it waits. What is taken down in
// a goroutine of pgx's own takes the whole process with it.
func TestARunEndsWhileACOPYWaitsForALock(t *testing.T) {
	b, _ := backend(t, stranger{copying: true, bulky: true}, 10, true)
	cfg := sim.Config{Backend: b, Scenario: scenario(t, "transfers"), Seed: 1, Faults: plan(t, "none")}
	whole, err := sim.Run(t.Context(), cfg)
	require.NoError(t, err)
	// A run that has so many steps ends some of them before the lock is given.
	m := regexp.MustCompile(`#(\d+) \S+ phase: safety(?s:.*?)#(\d+) \S+ client \d+ goes on from "sql: lock"`).FindStringSubmatch(text(t, whole))
	require.NotNil(t, m)
	began, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	held, err := strconv.Atoi(m[2])
	require.NoError(t, err)
	ended := regexp.MustCompile(`parked:.*at "sql: lock"`)
	for cfg.Steps = held - began - 6; cfg.Steps > held-began-12; cfg.Steps-- {
		r, err := sim.Run(t.Context(), cfg)
		require.NoError(t, err)
		if ended.MatchString(r.Reason) {
			require.Equal(t, sim.NoProgress, r.Verdict)
			return
		}
	}
	require.Fail(t, "no run ends while one waits")
}

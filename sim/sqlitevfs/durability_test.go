package sqlitevfs_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

var update = flag.Bool("update", false, "write what was measured into docs/sqlite-durability.md")

// settings are those that are measured, in the order of the table.
func settings() []setting {
	all := []setting{{"WAL", "FULL"}, {"WAL", "NORMAL"}, {"WAL", "OFF"}, {"DELETE", "EXTRA"}}
	for _, journal := range []string{"DELETE", "TRUNCATE", "PERSIST"} {
		for _, synchronous := range []string{"FULL", "NORMAL", "OFF"} {
			all = append(all, setting{journal, synchronous})
		}
	}
	return all
}

// outcome is what crashes of one setting came to.
type outcome struct {
	// crashes is the number of crashes, recoveries how many of them were followed by another
	// one in the recovery.
	crashes, recoveries int
	// lost is the number of crashes after which an acknowledged append was missing, most the
	// greatest number of appends that were.
	lost, most int
	// torn is the number after which a part of an append was there, or one without one before
	// it, corrupt after which the database could not be read, was not whole, or took
	// no append.
	torn, corrupt int
	// first is the first finding.
	first string
}

// found notes a finding.
func (o *outcome) found(n *int, format string, args ...any) {
	*n++
	if o.first == "" {
		o.first = fmt.Sprintf(format, args...)
	}
}

// bug is something that is wrong with the disk.
type bug struct {
	forget func(disk.Kind) bool
	files  func(vfs.FS) vfs.FS
}

// measure crashes at one in so many of the operations that change something.
func measure(tb testing.TB, s setting, b bug, fates []fate, oneIn uint64) outcome {
	tb.Helper()
	forgets := false // the empty database is durable
	d := disk.New(disk.Config{Forget: func(k disk.Kind) bool { return forgets && b.forget != nil && b.forget(k) }})
	files := d.FS()
	if b.files != nil {
		files = b.files(files)
	}
	var o outcome
	acknowledged, points := 0, uint64(0)
	begins := func() {
		forgets = true
		d.SetPoint(func(name string) {
			if !changes(name) {
				return
			}
			points++
			if prng.Key(points, "crash")%oneIn != 0 {
				return
			}
			for fate, l := range fates {
				o.crash(tb, d.Clone(), l, prng.Key(points, s.String(), uint64(fate)), acknowledged) //nolint:gosec // there are few
			}
		})
	}
	workload(tb, files, s, begins, func(n int) { acknowledged = n })
	return o
}

// changes says whether an operation of the disk leaves another state behind it.
func changes(point string) bool {
	for _, kind := range []disk.Kind{disk.OpWrite, disk.OpTruncate, disk.OpSync, disk.OpRemove, disk.OpSyncDir} {
		if strings.HasPrefix(point, "disk: "+kind.String()+" ") {
			return true
		}
	}
	return false
}

// fate is what becomes in a crash of what was not synced.
type fate func(seed uint64) disk.Loss

// powerFails has the ways in which a crash is tried: all that was not synced is gone, or some
// of it, torn, in the order of a journal or in any.
func powerFails() []fate {
	return []fate{
		func(uint64) disk.Loss { return disk.Loss{} },
		func(seed uint64) disk.Loss { return disk.Loss{Random: prng.New(seed, "loss")} },
		func(seed uint64) disk.Loss { return disk.Loss{Random: prng.New(seed, "loss"), Reorder: true} },
	}
}

// crash crashes a machine and looks what is left. One time in four the machine
// crashes once more while SQLite recovers.
func (o *outcome) crash(tb testing.TB, d *disk.Disk, loss fate, seed uint64, acknowledged int) {
	tb.Helper()
	o.crashes++
	d.Crash(loss(seed))
	if at := int(seed % 80); at < 20 {
		o.recoveries += crashRecovery(tb, d, at, loss(seed+1))
	}
	m := start(tb, d.FS())
	defer m.stop(tb)
	there, err := m.look(tb.Context())
	switch {
	case err != nil:
		o.found(&o.corrupt, "after %d appends the database is corrupt: %v", acknowledged, err)
	case there.torn != "":
		o.found(&o.torn, "after %d appends: %s", acknowledged, there.torn)
	case there.batches < acknowledged:
		o.found(&o.lost, "of %d acknowledged appends %d are there", acknowledged, there.batches)
		o.most = max(o.most, acknowledged-there.batches)
	}
	require.LessOrEqual(tb, there.batches, acknowledged+1, "appends that nobody made")
}

// crashRecovery opens the database, crashes at an operation of that and returns 1, or 0 if
// there were not so many.
func crashRecovery(tb testing.TB, d *disk.Disk, at int, loss disk.Loss) (crashes int) {
	tb.Helper()
	operations := 0
	d.SetPoint(func(string) {
		if operations++; operations == at+1 {
			crashes++
			d.Crash(loss)
		}
	})
	m := start(tb, d.FS())
	_, err := m.look(tb.Context())
	if crashes > 0 {
		require.Error(tb, err, "what comes after a crash must fail")
	}
	m.stop(tb)
	d.SetPoint(nil)
	return crashes
}

// left is what a database has after a crash.
type left struct {
	batches int
	torn    string
}

// look recovers the database and reads it; an error says that it is corrupt.
func (m *machine) look(ctx context.Context) (left, error) {
	conn, err := m.db.Conn(ctx)
	if err != nil {
		return left{}, err
	}
	defer conn.Close()
	var whole string
	if err := conn.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&whole); err != nil {
		return left{}, err
	}
	if whole != "ok" {
		return left{}, fmt.Errorf("integrity check: %s", whole)
	}
	there, err := read(ctx, conn)
	if err != nil || there.torn != "" {
		return there, err
	}
	return there, appendBatch(ctx, conn, there.batches+1)
}

// read reads all events, which must be the whole batches from 1 on.
func read(ctx context.Context, conn *sql.Conn) (there left, err error) {
	found, err := conn.QueryContext(ctx, "SELECT batch, payload FROM events ORDER BY position")
	if err != nil {
		return left{}, err
	}
	defer found.Close()
	n := 0
	for ; found.Next(); n++ {
		var batch int
		var text string
		if err := found.Scan(&batch, &text); err != nil {
			return left{}, err
		}
		if want := n/rows + 1; there.torn == "" && (batch != want || text != payload(want, n%rows)) {
			there.torn = fmt.Sprintf("event %d is not that of append %d", n+1, want)
		}
	}
	if there.torn == "" && n%rows != 0 {
		there.torn = fmt.Sprintf("append %d has %d of %d events", n/rows+1, n%rows, rows)
	}
	there.batches = (n + rows - 1) / rows
	return there, found.Err()
}

const document = "../../docs/sqlite-durability.md"

// oneIn keeps the crashes few, those of a short test more so.
func oneIn() uint64 {
	if testing.Short() {
		return 35
	}
	return 3
}

// TestWhatEachSettingLosesWhenThePowerFails is where docs/sqlite-durability.md comes from.
func TestWhatEachSettingLosesWhenThePowerFails(t *testing.T) {
	var table strings.Builder
	for _, s := range settings() {
		o := measure(t, s, bug{}, powerFails(), oneIn())
		t.Logf("%s: %+v", s, o)
		s.judge(t, o)
		fmt.Fprintf(&table, "| %s | %s | %d | %d | %d | %d | %d | %d |\n",
			s.journal, s.synchronous, o.crashes, o.recoveries, o.lost, o.most, o.torn, o.corrupt)
	}
	if testing.Short() {
		return // the table is of more crashes
	}
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	before, after, found := strings.Cut(string(text), rule)
	require.True(t, found)
	_, after, _ = strings.Cut(after, "\n\n")
	want := before + rule + table.String() + "\n" + after
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(want), 0o600))
		return
	}
	require.Equal(t, want, string(text), "renew it with -update")
}

// rule is the line above the rows of the table.
const rule = "|---|---|---:|---:|---:|---:|---:|---:|\n"

// judge holds a setting to what SQLite says of it. What may be lost must have been, or the
// crashes show nothing.
func (s setting) judge(t *testing.T, o outcome) {
	t.Helper()
	require.Positive(t, o.recoveries, "no crash in a recovery")
	switch {
	case s.synchronous == "OFF":
		require.Positive(t, o.corrupt+o.torn, "%s: nothing was damaged", s)
	case s == setting{"WAL", "NORMAL"}, s == setting{"DELETE", "FULL"}:
		if s.journal == "DELETE" {
			require.Equal(t, 1, o.most, "%s: more than the newest append was lost", s)
		}
		require.Positive(t, o.lost, "%s: nothing was lost", s)
		require.Zero(t, o.torn+o.corrupt, "%s: %s", s, o.first)
	case s.synchronous == "NORMAL": // measured, not promised
	default:
		require.Zero(t, o.lost+o.torn+o.corrupt, "%s: %s", s, o.first)
	}
}

// TestAProcessThatDiesLosesNothingWithAnySetting: the machine goes on, and so does its cache.
func TestAProcessThatDiesLosesNothingWithAnySetting(t *testing.T) {
	for _, s := range settings() {
		o := measure(t, s, bug{}, []fate{func(uint64) disk.Loss { return disk.Loss{KeepAll: true} }}, 10)
		require.Greater(t, o.crashes, 10)
		require.Zero(t, o.lost+o.torn+o.corrupt, "%s: %s", s, o.first)
	}
}

// TestADiskThatLiesIsFound plants bugs below SQLite that a strict setting must show.
func TestADiskThatLiesIsFound(t *testing.T) {
	for name, b := range map[string]bug{
		"a sync does nothing":           {forget: func(k disk.Kind) bool { return k == disk.OpSync }},
		"a write is acknowledged early": {files: func(fs vfs.FS) vfs.FS { return lateFiles{fs} }},
	} {
		for _, s := range []setting{{"WAL", "FULL"}, {"DELETE", "EXTRA"}} {
			t.Run(name+"/"+s.String(), func(t *testing.T) {
				o := measure(t, s, b, powerFails(), 13)
				require.Positive(t, o.lost+o.torn+o.corrupt, "not found in %d crashes", o.crashes)
				t.Logf("%d of %d crashes: %s", o.lost+o.torn+o.corrupt, o.crashes, o.first)
			})
		}
	}
}

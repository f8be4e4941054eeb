package file_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

func TestTheNewestAppendIsMissed(t *testing.T) {
	dir, files, events := written(t)
	require.NoError(t, os.Rename(files[2], filepath.Join(dir, "away")))
	_, err := file.Open(t.Context(), dir, fast)
	require.ErrorIs(t, err, file.ErrDamaged)
	require.ErrorContains(t, err, "events/"+filepath.Base(files[2])+": the newest of 3 appends when this was recorded is missing")
	require.ErrorContains(t, err, "bring that file back from a backup or from version control; or, if you can do without, delete state/head")

	t.Run("it is brought back", func(t *testing.T) {
		require.NoError(t, os.Rename(filepath.Join(dir, "away"), files[2]))
		s := open(t, dir, fast)
		require.Equal(t, events, global(t, s))
		require.NoError(t, s.Close())
	})
	t.Run("it can be done without", func(t *testing.T) {
		require.NoError(t, os.Remove(files[2]))
		require.NoError(t, os.Remove(filepath.Join(dir, "state", "head")))
		s := open(t, dir, fast)
		require.Equal(t, events[:8], global(t, s))
		appendTo(t, s, 4, 1, eventcore.MustStreamID("a"))
		require.NoError(t, s.Close())
		require.Len(t, global(t, open(t, dir, fast)), 9)
	})
}

func TestAllAppendsAreMissed(t *testing.T) {
	dir, files, _ := written(t)
	for _, name := range files {
		require.NoError(t, os.Remove(name))
	}
	_, err := file.Open(t.Context(), dir, fast)
	require.ErrorIs(t, err, file.ErrDamaged)
}

// TestTheNewestAppendIsMissedWithoutAClose lets a process die that has seen the append
// when it opened the store.
func TestTheNewestAppendIsMissedWithoutAClose(t *testing.T) {
	d := neverSynced(t, true)
	_, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
	require.NoError(t, err)
	d.Crash(disk.Loss{})
	names, err := d.ReadDir("events")
	require.NoError(t, err)
	require.NoError(t, d.Remove("events/"+names[2]))
	_, err = file.Open(t.Context(), "", file.Config{FS: d.FS()})
	require.ErrorIs(t, err, file.ErrDamaged)
	require.ErrorContains(t, err, names[2])
}

func TestARecordThatCannotBeReadIsMadeAgain(t *testing.T) {
	dir, _, events := written(t)
	head := filepath.Join(dir, "state", "head")
	want, err := os.ReadFile(head)
	require.NoError(t, err)
	for _, content := range []string{"", "{}\n", string(want[:len(want)/2]), string(want) + " "} {
		require.NoError(t, os.WriteFile(head, []byte(content), 0o600))
		s := open(t, dir, fast)
		require.Equal(t, events, global(t, s))
		require.NoError(t, s.Close())
		got, err := os.ReadFile(head)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

// TestAFileThatIsBroughtBackIsSynced: the record of what was synced is void once the store
// was found damaged.
func TestAFileThatIsBroughtBackIsSynced(t *testing.T) {
	d := disk.New(disk.Config{})
	_, err := story(d, file.FsyncAlways, 0)
	require.NoError(t, err)
	names, err := d.ReadDir("events")
	require.NoError(t, err)
	content := get(t, d, "events/"+names[1])
	require.NoError(t, d.Remove("events/"+names[1]))
	_, err = file.Open(t.Context(), "", file.Config{FS: d.FS()})
	require.ErrorIs(t, err, file.ErrDamaged)
	put(t, d, "events/"+names[1], content)
	told, err := story(d, file.FsyncAlways, 3)
	require.NoError(t, err)
	d.Crash(disk.Loss{})
	require.Equal(t, 3+told.applied, whole(t, open(t, "", file.Config{FS: d.FS()})))
}

// TestTheRecordThatIsMadeNowAndThenIsNoFalseAlarm lets the machine crash around the append
// after which the record is made while the store is open.
func TestTheRecordThatIsMadeNowAndThenIsNoFalseAlarm(t *testing.T) {
	if testing.Short() {
		t.Skip("it appends two hundred thousand events")
	}
	const every = 1024
	recorded := 0
	for _, name := range []string{"power, all that is not synced", "power, some in any order"} {
		loss := losses(1)[name]
		for at := 1; ; at++ {
			d := disk.New(disk.Config{})
			s := open(t, "", file.Config{FS: d.FS()})
			for n := range every - 1 {
				require.NoError(t, oneMore(t, s, n))
			}
			crashed, done := false, 0
			d.SetPoint(func(string) {
				if done++; done == at {
					crashed = true
					d.Crash(loss)
				}
			})
			acknowledged := every - 1
			for acknowledged < every+1 && oneMore(t, s, acknowledged) == nil {
				acknowledged++
			}
			d.SetPoint(nil)
			if !crashed {
				break
			}
			names, err := d.ReadDir("state")
			require.NoError(t, err)
			if slices.Contains(names, "head") {
				recorded++
			}
			again := open(t, "", file.Config{FS: d.FS()})
			require.GreaterOrEqual(t, whole(t, again), acknowledged, "%s, operation %d", name, at)
			require.NoError(t, again.Close())
		}
	}
	require.Positive(t, recorded)
}

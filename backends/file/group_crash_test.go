package file_test

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// twoGroups are appended to a disk that crashes at its n-th operation from the first group on.
// It returns what the clients were told, with the streams that they appended to; none: the
// disk has not crashed.
func twoGroups(t *testing.T, n int, loss disk.Loss) (d *disk.Disk, order []string, told map[string]result) {
	t.Helper()
	told = map[string]result{}
	synctest.Test(t, func(t *testing.T) {
		d = disk.New(disk.Config{})
		s, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
		require.NoError(t, err)
		g := &grouped{T: t, disk: d, store: s}
		crashed := false
		g.before = func(string) {
			if n--; n == 0 {
				crashed = true
				d.Crash(loss)
			}
		}
		for _, streams := range [][]string{{"a", "b", "c", "d"}, {"e", "f", "g", "h", "i"}} {
			others := append(g.each(streams...), g.to(9, "moved"))
			for i, r := range g.runBehind(streams[0]+"0", others...) {
				if i < len(streams) {
					told[streams[i]] = r
				}
			}
			order = append(append(order, streams[0]+"0"), streams...)
			if crashed {
				break
			}
		}
		d.SetPoint(nil)
		if s.Close(); !crashed {
			order = nil
		}
	})
	return d, order, told
}

// holed says whether a file of events is missing before one that is there.
func holed(t *testing.T, d *disk.Disk) bool {
	t.Helper()
	c := d.Clone()
	if err := c.Remove("state/group"); err != nil {
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
	s, err := file.Open(t.Context(), "", file.Config{FS: c.FS()})
	if err != nil {
		require.ErrorIs(t, err, file.ErrDamaged)
		return true
	}
	require.NoError(t, s.Close())
	return false
}

// TestOfAGroupTheFirstAppendsAreThereWhereverTheMachineCrashes, and all that were
// acknowledged, none that was said not to be applied, whatever names of it were lost.
func TestOfAGroupTheFirstAppendsAreThereWhereverTheMachineCrashes(t *testing.T) {
	crashes, holes, again := 0, 0, 0
	for seed := range uint64(6) {
		for name, loss := range losses(seed) {
			for at := 1; ; at++ {
				d, order, told := twoGroups(t, at, loss)
				if order == nil {
					break
				}
				crashes++
				label := fmt.Sprintf("%s, seed %d, operation %d", name, seed, at)
				hole := holed(t, d)
				for second := 1; second < 30; second += 2 {
					if !count(d, second, loss) && hole {
						again++
					}
				}
				s, found := opensInOrder(t, d, order, told, label)
				if hole {
					holes++
				}
				appendTo(t, s, 0, 1, eventcore.MustStreamID("last"))
				require.NoError(t, s.Close())
				d.Crash(disk.Loss{})
				require.Len(t, global(t, open(t, "", file.Config{FS: d.FS()})), len(found)+1, label)
			}
		}
	}
	require.Greater(t, crashes, 1000)
	require.Greater(t, holes, 5)
	require.Greater(t, again, 20)
}

// opensInOrder opens the store, which must have the beginning of the order, and what was told.
func opensInOrder(t *testing.T, d *disk.Disk, order []string, told map[string]result, label string) (s *file.Store, found []string) {
	t.Helper()
	s = open(t, "", file.Config{FS: d.FS()})
	for _, e := range global(t, s) {
		found = append(found, e.Stream.String())
	}
	require.Equal(t, order[:len(found)], found, label)
	asTold(t, told, found, label)
	return s, found
}

// TestAProcessThatEndsInAGroupIsFollowedByALossOfPower in each operation of opening the store
// again: what was found there must not lose its beginning, whether it is durable yet or not.
func TestAProcessThatEndsInAGroupIsFollowedByALossOfPower(t *testing.T) {
	holes := 0
	for at := 1; ; at++ {
		before, order, told := twoGroups(t, at, disk.Loss{KeepAll: true})
		if order == nil {
			break
		}
		for second := 1; ; second++ {
			d := before.Clone()
			opened := count(d, second, losses(uint64(at * second))["power, some in any order"])
			label := fmt.Sprintf("operations %d and %d", at, second)
			if holed(t, d) {
				holes++
			}
			s, _ := opensInOrder(t, d, order, told, label)
			require.NoError(t, s.Close())
			if opened {
				break
			}
		}
	}
	require.Greater(t, holes, 20)
}

// asTold checks what is found against what the clients were told.
func asTold(t *testing.T, told map[string]result, found []string, label string) {
	t.Helper()
	for stream, r := range told {
		there := slices.Contains(found, stream)
		require.False(t, r.err == nil && !there, "%s: %s was acknowledged and is lost", label, stream)
		require.False(t, eventcore.OutcomeOf(r.err) == notApplied && there, "%s: %s was not applied and is there", label, stream)
	}
}

// TestAGroupOnAFailingDiskIsTold lets each operation of groups fail in turn, once or from then
// on, then crashes the machine and compares with what the clients were told.
func TestAGroupOnAFailingDiskIsTold(t *testing.T) {
	seen := map[eventcore.Outcome]int{}
	for _, forEver := range []bool{false, true} {
		for name, loss := range losses(1) {
			for at, fired := 1, true; fired; at++ {
				fired = false
				label := fmt.Sprintf("%s, operation %d, for ever: %t", name, at, forEver)
				told := map[string]result{}
				var d *disk.Disk
				synctest.Test(t, func(t *testing.T) {
					d = disk.New(disk.Config{})
					s, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
					require.NoError(t, err)
					g := &grouped{T: t, disk: d, store: s}
					begun, done := false, 0
					g.before = func(string) { begun = true }
					d.SetFault(func(disk.Op) disk.Fault {
						if !begun {
							return disk.NoFault
						}
						if done++; done == at || forEver && done > at {
							fired = true
							return disk.EIO
						}
						return disk.NoFault
					})
					streams := []string{"a", "b", "c"}
					for i, r := range g.run(g.each(streams...)...) {
						told[streams[i]] = r
						seen[eventcore.OutcomeOf(r.err)]++
					}
					if at%2 == 0 { // it is settled, or not
						done, err := s.Append(t.Context(), g.to(0, "e").writes)
						told["e"] = result{done, err}
					}
					d.SetPoint(nil)
					d.SetFault(nil)
					d.Crash(loss)
					_ = s.Close()
				})
				s := open(t, "", file.Config{FS: d.FS()})
				var found []string
				for _, e := range global(t, s) {
					found = append(found, e.Stream.String())
				}
				asTold(t, told, found, label)
				require.NoError(t, s.Close())
			}
		}
	}
	require.Positive(t, seen[applied])
	require.Positive(t, seen[notApplied])
	require.Positive(t, seen[unknown])
}

// ended is a disk on which a group of appends, to the streams a, b, c and d, was acknowledged
// before the machine crashed, and what the store had then.
func ended(t *testing.T, loss disk.Loss, after ...string) (*disk.Disk, []eventcore.Recorded) {
	t.Helper()
	var d *disk.Disk
	var all []eventcore.Recorded
	synctest.Test(t, func(t *testing.T) {
		d = disk.New(disk.Config{})
		s, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
		require.NoError(t, err)
		g := &grouped{T: t, disk: d, store: s}
		require.Equal(t, []eventcore.Outcome{applied, applied, applied, applied}, outcomes(g.run(g.each("a", "b", "c", "d")...)))
		for _, name := range after {
			appendTo(t, s, 0, 1, eventcore.MustStreamID(name))
		}
		all = global(t, s)
		d.SetPoint(nil)
		d.Crash(loss)
		_ = s.Close()
	})
	return d, all
}

// content returns what is in a file.
func content(t *testing.T, d *disk.Disk, name string) string {
	t.Helper()
	f, err := d.OpenFile(name, os.O_RDONLY)
	require.NoError(t, err)
	data, err := io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return string(data)
}

// fileOf returns the file of the append to a stream.
func fileOf(t *testing.T, d *disk.Disk, stream string) string {
	t.Helper()
	for _, name := range d.List() {
		if strings.HasPrefix(name, "events/") && strings.Contains(content(t, d, name), `"stream":"`+stream+`"`) {
			return name
		}
	}
	require.Fail(t, "there is no append to "+stream)
	return ""
}

// lose removes a file for good.
func lose(t *testing.T, d *disk.Disk, name string) {
	t.Helper()
	require.NoError(t, d.Remove(name))
	require.NoError(t, d.SyncDir(path.Dir(name)))
}

// TestAnAcknowledgedFileOfAGroupThatIsMissingIsNotTakenForATornGroup: it is reported, or it is
// there again.
func TestAnAcknowledgedFileOfAGroupThatIsMissingIsNotTakenForATornGroup(t *testing.T) {
	for name, c := range map[string]struct {
		loss     disk.Loss
		after    []string
		journal  bool
		restored bool
	}{
		"after the end of the process":                   {loss: disk.Loss{KeepAll: true}, journal: true},
		"after a loss of power":                          {journal: true, restored: true},
		"after a loss of power, and a later append":      {journal: true, after: []string{"e"}},
		"after a loss of power that took the journal":    {},
		"after the end of the process, without journal":  {loss: disk.Loss{KeepAll: true}},
		"after the end of the process, later append too": {loss: disk.Loss{KeepAll: true}, after: []string{"e"}, journal: true},
	} {
		for _, stream := range []string{"a", "b", "c"} {
			t.Run(name+"/"+stream, func(t *testing.T) {
				d, all := ended(t, c.loss, c.after...)
				lost := fileOf(t, d, stream)
				was := content(t, d, lost)
				lose(t, d, lost)
				if !c.journal {
					lose(t, d, "state/group")
				}
				s, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
				if !c.restored {
					require.ErrorIs(t, err, file.ErrDamaged)
					require.ErrorContains(t, err, lost[len("events/"):])
					return
				}
				require.NoError(t, err)
				require.Equal(t, all, global(t, s))
				require.NoError(t, s.Close())
				require.Equal(t, was, content(t, d, lost))
				require.NotContains(t, d.List(), "state/group")
				d.Crash(disk.Loss{})
				require.Equal(t, all, global(t, open(t, "", file.Config{FS: d.FS()})), "what was put back is not durable")
			})
		}
	}
}

// A journal that is damaged puts nothing back, nor does it keep a store from being opened.
func TestADamagedJournalIsNotBelieved(t *testing.T) {
	d, all := ended(t, disk.Loss{})
	lost := fileOf(t, d, "b")
	size := len(content(t, d, "state/group"))
	for at := 0; at < size; at += 7 {
		c := d.Clone()
		require.NoError(t, c.FlipBit("state/group", int64(at), uint8(at%8)))
		s, err := file.Open(t.Context(), "", file.Config{FS: c.FS()})
		require.NoError(t, err, "byte %d", at)
		require.Equal(t, all, global(t, s))
		require.NoError(t, s.Close())

		c = d.Clone()
		require.NoError(t, c.FlipBit("state/group", int64(at), uint8(at%8)))
		lose(t, c, lost)
		_, err = file.Open(t.Context(), "", file.Config{FS: c.FS()})
		require.ErrorIs(t, err, file.ErrDamaged, "byte %d", at)
	}
}

// The directory may be opened as a working copy after the crash.
func TestAWorkingCopyPutsBackWhatATornGroupLacks(t *testing.T) {
	d, all := ended(t, disk.Loss{})
	lose(t, d, fileOf(t, d, "b"))
	m, err := file.OpenMerge(t.Context(), "", file.MergeConfig{Config: file.Config{FS: d.FS()}, Fingerprint: "x"})
	require.NoError(t, err)
	require.Len(t, global(t, m), len(all))
	require.NoError(t, m.Close())
}

// TestWhatIsPutBackIsNotBelievedWhereItsSyncFails: a second sync tells nothing of the name that
// the first one was to make durable.
func TestWhatIsPutBackIsNotBelievedWhereItsSyncFails(t *testing.T) {
	d, all := ended(t, disk.Loss{})
	lose(t, d, fileOf(t, d, "b"))
	lose(t, d, "state/suspect")
	failed := false
	d.SetFault(func(op disk.Op) disk.Fault {
		if !failed && op.Kind == disk.OpSyncDir && op.Path == "events" {
			failed = true
			return disk.EIO
		}
		return disk.NoFault
	})
	_, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
	require.Error(t, err)
	require.True(t, failed)
	s := open(t, "", file.Config{FS: d.FS()})
	appendTo(t, s, 0, 1, eventcore.MustStreamID("e"))
	require.NoError(t, s.Close()) // which makes durable too that the journal is gone
	d.Crash(disk.Loss{})
	require.Equal(t, all, global(t, open(t, "", file.Config{FS: d.FS()}))[:len(all)])
}

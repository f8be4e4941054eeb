package file_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/sim/disk"
)

// keeper keeps numbers that grow, and reads the last one.
type keeper struct {
	save func(s *file.Store, n int) error
	load func(s *file.Store) (int, error)
}

var transferKey = eventcore.SnapshotKey{Name: "transfer", Schema: 1}

func keepers() map[string]keeper {
	return map[string]keeper{
		"checkpoint": {
			func(s *file.Store, n int) error {
				at, err := s.SaveCheckpoint(context.Background(), orders(), position(n))
				if err == nil && at != position(n) {
					err = fmt.Errorf("saving %d returned %v", n, at)
				}
				return err
			},
			func(s *file.Store) (int, error) {
				at, err := s.LoadCheckpoint(context.Background(), orders())
				_, n := at.Parts()
				return int(n), err
			},
		},
		"snapshot": {
			func(s *file.Store, n int) error {
				saved, err := s.SaveSnapshot(context.Background(), transferKey, eventcore.Snapshot{
					Streams: []eventcore.StreamVersion{{Stream: streams[0], Version: eventcore.Version(n)}}, State: fmt.Append(nil, n),
				})
				if err == nil && !saved {
					err = fmt.Errorf("snapshot %d is not saved", n)
				}
				return err
			},
			func(s *file.Store) (n int, err error) {
				loaded, found, err := s.LoadSnapshot(context.Background(), transferKey)
				if err == nil && found {
					_, err = fmt.Sscan(string(loaded.State), &n)
				}
				if err == nil && found && loaded.Streams[0].Version != eventcore.Version(n) {
					err = errors.New("it has the versions of another one")
				}
				return n, err
			},
		},
	}
}

// session opens a store and keeps the three numbers that follow one. It returns the last
// one that was acknowledged, and the last one that was tried.
func (k keeper) session(d *disk.Disk, after int) (acknowledged, tried int, err error) {
	acknowledged, tried = after, after
	s, err := file.Open(context.Background(), "", file.Config{FS: d.FS()})
	if err != nil {
		return acknowledged, tried, err
	}
	for tried < after+3 {
		tried++
		if err := k.save(s, tried); err != nil {
			return acknowledged, tried, err
		}
		acknowledged = tried
	}
	return acknowledged, tried, s.Close()
}

// read opens a store, reads the number, and dies.
func (k keeper) read(t *testing.T, d *disk.Disk, label string) int {
	t.Helper()
	s, err := file.Open(t.Context(), "", file.Config{FS: d.FS()})
	require.NoError(t, err, label)
	n, err := k.load(s)
	require.NoError(t, err, label)
	d.Crash(disk.Loss{KeepAll: true})
	return n
}

// TestWhatIsKeptIsOldOrNewWhereverTheMachineCrashes lets the machine crash at each
// operation of the disk.
func TestWhatIsKeptIsOldOrNewWhereverTheMachineCrashes(t *testing.T) {
	for name, k := range keepers() {
		t.Run(name, func(t *testing.T) {
			crashes := 0
			for seed := range uint64(5) {
				for how, loss := range losses(seed) {
					for _, before := range []int{0, 3} {
						for at := 1; ; at++ {
							d := disk.New(disk.Config{})
							if before > 0 {
								_, _, err := k.session(d, 0)
								require.NoError(t, err)
							}
							crashed, done := false, 0
							d.SetPoint(func(string) {
								if done++; done == at {
									crashed = true
									d.Crash(loss)
								}
							})
							acknowledged, tried, _ := k.session(d, before)
							d.SetPoint(nil)
							if !crashed {
								break
							}
							crashes++
							label := fmt.Sprintf("%s, seed %d, operation %d", how, seed, at)
							found := k.read(t, d, label)
							require.GreaterOrEqual(t, found, acknowledged, label)
							require.LessOrEqual(t, found, tried, label)
							d.Crash(disk.Loss{})
							if name == "checkpoint" {
								require.Equal(t, found, k.read(t, d, label), "%s: it was read, and moved backwards", label)
							}
							acknowledged, _, err := k.session(d, found)
							require.NoError(t, err, label)
							require.Equal(t, found+3, acknowledged)
						}
					}
				}
			}
			require.Greater(t, crashes, 500)
		})
	}
}

// TestACheckpointWhoseSyncFailedIsMadeSureOf lets each operation of the disk fail once, has
// the process die, reads, and takes all away that is not durable.
func TestACheckpointWhoseSyncFailedIsMadeSureOf(t *testing.T) {
	k := keepers()["checkpoint"]
	for at := 1; ; at++ {
		done := 0
		d := disk.New(disk.Config{Fault: func(disk.Op) disk.Fault {
			if done++; done == at {
				return disk.EIO
			}
			return disk.NoFault
		}})
		acknowledged, tried, err := k.session(d, 0)
		fired := done >= at
		d.SetFault(nil)
		d.Crash(disk.Loss{KeepAll: true})
		label := fmt.Sprintf("operation %d: %v", at, err)
		found := k.read(t, d, label)
		require.GreaterOrEqual(t, found, acknowledged, label)
		require.LessOrEqual(t, found, tried, label)
		d.Crash(disk.Loss{})
		require.Equal(t, found, k.read(t, d, label), label)
		if !fired {
			break
		}
	}
}

// TestNoTokenIsGivenTwice lets the machine crash, or an operation fail, at each operation of
// the disk, also where the store does not sync.
func TestNoTokenIsGivenTwice(t *testing.T) {
	given := 0
	for _, fsync := range []file.FsyncPolicy{file.FsyncAlways, file.FsyncNever} {
		for seed := range uint64(5) {
			all := losses(seed)
			all["a failure"] = disk.Loss{}
			for how, loss := range all {
				for at := 1; ; at++ {
					d := disk.New(disk.Config{})
					last := uint64(0)
					lead := func() error {
						s, err := file.Open(t.Context(), "", file.Config{FS: d.FS(), Fsync: fsync})
						for n := 0; err == nil && n < 3; n++ {
							var l eventcore.Lease
							if l, err = s.TryAcquire(t.Context(), eventcore.MustSubscriptionID(fmt.Sprint(n%2))); err == nil {
								require.Greater(t, l.Token(), last, "%s, seed %d, operation %d", how, seed, at)
								last = l.Token()
								given++
								err = l.Release(t.Context())
							}
						}
						return err
					}
					fired, done := false, 0
					if how == "a failure" {
						d.SetFault(func(disk.Op) disk.Fault {
							if done++; done == at {
								fired = true
								return disk.EIO
							}
							return disk.NoFault
						})
						_ = lead()
						d.Crash(disk.Loss{KeepAll: true})
						_ = lead()
					} else {
						d.SetPoint(func(string) {
							if done++; done == at {
								fired = true
								d.Crash(loss)
							}
						})
						_ = lead()
					}
					d.SetPoint(nil)
					d.SetFault(nil)
					d.Crash(loss)
					require.NoError(t, lead())
					d.Crash(disk.Loss{})
					require.NoError(t, lead())
					if !fired {
						break
					}
				}
			}
		}
	}
	require.Greater(t, given, 1000)
}

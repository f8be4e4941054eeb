package file_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/file"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

var (
	_ eventcore.Store           = (*file.MergeStore)(nil)
	_ eventcore.AllReader       = (*file.MergeStore)(nil)
	_ eventcore.CheckpointStore = (*file.MergeStore)(nil)
	_ eventcore.Coordinator     = (*file.MergeStore)(nil)
)

// git runs git as if nobody had configured it.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_EDITOR=true",
		"GIT_ALLOW_PROTOCOL=file", "GIT_CONFIG_COUNT=3", "GIT_CONFIG_KEY_0=maintenance.auto", "GIT_CONFIG_VALUE_0=false",
		"GIT_CONFIG_KEY_1=gc.auto", "GIT_CONFIG_VALUE_1=0", "GIT_CONFIG_KEY_2=core.fsync", "GIT_CONFIG_VALUE_2=none",
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
	return string(out)
}

func openMerge(t *testing.T, dir string, cfg file.MergeConfig) *file.MergeStore {
	t.Helper()
	cfg.Fsync = file.FsyncNever
	s, err := file.OpenMerge(context.WithoutCancel(t.Context()), dir, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// clones returns two working copies with an event in stream a, and their stores.
func clones(t *testing.T) (dirs [2]string, stores [2]*file.MergeStore) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed: the merge mode is not tested with it")
	}
	base := t.TempDir()
	dirs = [2]string{filepath.Join(base, "one"), filepath.Join(base, "two")}
	require.NoError(t, os.Mkdir(dirs[0], 0o750))
	git(t, dirs[0], "init", "-q", "-b", "main")
	stores[0] = openMerge(t, dirs[0], file.MergeConfig{})
	appendTo(t, stores[0], 0, 1, streamA)
	commit(t, dirs[0])
	git(t, base, "clone", "-q", "one", "two")
	stores[1] = openMerge(t, dirs[1], file.MergeConfig{})
	return dirs, stores
}

var streamA, streamB = eventcore.MustStreamID("a"), eventcore.MustStreamID("b")

func commit(t *testing.T, dir string) {
	t.Helper()
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "events")
}

func pull(t *testing.T, to, from string, how ...string) {
	t.Helper()
	git(t, to, append(append([]string{"pull", "-q"}, how...), from, "main")...)
}

// took is a resolver that counts the events of the branches of each forked stream.
func took(_ context.Context, f file.Fork) ([]file.Settling, error) {
	var out []file.Settling
	for _, s := range f.Streams {
		if len(s.Branches) > 1 {
			out = append(out, file.Settling{Stream: s.Stream, Event: eventcore.Proposed{Type: "settled", Data: []byte(`{"branches":2}`)}})
		}
	}
	return out, nil
}

func ids(events []eventcore.Recorded) (ids []eventcore.EventID) {
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

func contiguous(t *testing.T, events []eventcore.Recorded) {
	t.Helper()
	for i, e := range events {
		require.Equal(t, eventcore.Version(i+1), e.Version)
	}
}

func TestGitMergesWhatTwoClonesHaveAppended(t *testing.T) {
	dirs, stores := clones(t)
	one, two := stores[0], stores[1]
	require.Equal(t, ids(stream(t, one, streamA)), ids(stream(t, two, streamA)))
	require.NotEqual(t, one.Replica(), two.Replica())
	appendTo(t, one, 1, 2, streamA)
	both := batch(t, 1, 1, streamA)
	require.NoError(t, both.Expect(streamB, 0))
	require.NoError(t, both.Append(streamB, proposed("deposited", `{"n":1}`)))
	_, err := two.Append(t.Context(), both)
	require.NoError(t, err)
	passed := ids(global(t, one))
	commit(t, dirs[0])
	commit(t, dirs[1])
	pull(t, dirs[0], dirs[1], "--no-rebase")
	forks, err := one.DetectForks(t.Context())
	require.NoError(t, err)
	require.Len(t, forks, 1)
	require.Len(t, forks[0].Transactions, 2)
	require.Len(t, forks[0].Streams, 2, "one unit")
	for _, s := range forks[0].Streams {
		if s.Stream == streamA {
			require.Equal(t, eventcore.Version(1), s.Base)
			require.ElementsMatch(t, []int{1, 2}, []int{len(s.Branches[0]), len(s.Branches[1])})
		} else {
			require.Len(t, s.Branches, 1)
		}
	}
	require.Equal(t, passed, ids(global(t, one))[:len(passed)], "no cursor is moved backwards")
	contiguous(t, stream(t, one, streamA))

	done, err := one.Reconcile(t.Context(), took)
	require.NoError(t, err)
	require.Len(t, done.Merges, 1)
	require.Empty(t, done.Unresolved)
	forks, err = one.DetectForks(t.Context())
	require.NoError(t, err)
	require.Empty(t, forks)
	commit(t, dirs[0])
	pull(t, dirs[1], dirs[0], "--no-rebase")
	st, err := two.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, file.Status{}, st)
	require.Equal(t, stream(t, one, streamA)[0:5], unpositioned(stream(t, two, streamA), stream(t, one, streamA)))
	require.Equal(t, "settled", stream(t, two, streamA)[4].Type)
	require.Empty(t, strings.TrimSpace(git(t, dirs[1], "status", "--porcelain")))
	for name := range strings.FieldsSeq(git(t, dirs[1], "ls-files")) {
		require.Equal(t, "events", filepath.Dir(name))
	}
	// A cursor from before the merge goes on behind it.
	last := global(t, two)[5].Position
	appendTo(t, two, 5, 1, streamA)
	for e, err := range two.ReadAll(t.Context(), eventcore.Filter{}, last, 0) {
		require.NoError(t, err)
		require.Equal(t, eventcore.Version(6), e.Version)
	}
	require.Len(t, global(t, two), 7)
}

// unpositioned returns events with the positions of others: those are the replica's own.
func unpositioned(events, like []eventcore.Recorded) []eventcore.Recorded {
	for i := range events {
		events[i].Position = like[i].Position
	}
	return events
}

func TestForksThatBothSidesSettleEnd(t *testing.T) {
	for _, same := range []bool{false, true} {
		if same && testing.Short() {
			return
		}
		dirs, stores := clones(t)
		for i, s := range stores {
			appendTo(t, s, 1, 1+i, streamA)
			commit(t, dirs[i])
		}
		pull(t, dirs[0], dirs[1], "--no-rebase")
		pull(t, dirs[1], dirs[0], "--no-rebase")
		var merges []eventcore.EventID
		for i, s := range stores {
			if i == 1 { // unrelated, so it makes no difference
				require.NoError(t, s.Refresh(t.Context()))
				appendTo(t, s, 0, 1, streamB)
			}
			done, err := s.Reconcile(t.Context(), func(ctx context.Context, f file.Fork) ([]file.Settling, error) {
				out, err := took(ctx, f)
				if !same && i == 1 {
					out[0].Event.Type = "otherwise"
				}
				return out, err
			})
			require.NoError(t, err)
			merges = append(merges, done.Merges...)
			commit(t, dirs[i])
		}
		require.Len(t, merges, 2)
		require.Equal(t, same, merges[0] == merges[1])
		pull(t, dirs[0], dirs[1], "--no-rebase")
		done, err := stores[0].Reconcile(t.Context(), took)
		require.NoError(t, err)
		require.Equal(t, same, len(done.Merges) == 0)
		git(t, dirs[0], "add", "-A")
		git(t, dirs[0], "commit", "-q", "--allow-empty", "-m", "events")
		pull(t, dirs[1], dirs[0], "--no-rebase")
		st, err := stores[1].Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, file.Status{}, st)
		require.Equal(t, ids(stream(t, stores[0], streamA)), ids(stream(t, stores[1], streamA)))
	}
}

func TestARebaseChangesNothing(t *testing.T) {
	dirs, stores := clones(t)
	for i, s := range stores {
		appendTo(t, s, 1, 1, streamA)
		commit(t, dirs[i])
	}
	before := stores[1].TopologyGeneration()
	pull(t, dirs[1], dirs[0], "--rebase")
	require.NoError(t, stores[1].Refresh(t.Context()))
	require.Len(t, strings.Split(strings.TrimSpace(git(t, dirs[1], "log", "--format=%h")), "\n"), 3, "it is a line")
	forks, err := stores[1].DetectForks(t.Context())
	require.NoError(t, err)
	require.Len(t, forks, 1, "what git has made a line of still contradicts")
	require.Len(t, stream(t, stores[1], streamA), 3)
	grown := stores[1].TopologyGeneration() > before
	own := global(t, stores[1])[1]
	require.Equal(t, stream(t, stores[1], streamA)[1].ID != own.ID, grown, "it grows if the other one lies before")
}

func TestAPartialCheckoutWaitsForItsParents(t *testing.T) {
	dirs, stores := clones(t)
	appendTo(t, stores[0], 1, 1, streamA)
	appendTo(t, stores[0], 0, 1, streamB)
	commit(t, dirs[0])
	files := strings.Fields(git(t, dirs[0], "ls-files", "events/*.jsonl"))
	require.Len(t, files, 3, "the names sort by time")
	git(t, dirs[1], "fetch", "-q", "origin")
	git(t, dirs[1], "checkout", "-q", "FETCH_HEAD", "--", files[2])
	st, err := stores[1].Status(t.Context())
	require.NoError(t, err)
	require.NoError(t, st.Refusal)
	require.Len(t, st.Waiting, 1)
	require.Equal(t, files[1], "events/"+st.Waiting[0].Missing[0].String()+".jsonl")
	require.Len(t, global(t, stores[1]), 1, "nothing is read before what comes before it")
	git(t, dirs[1], "checkout", "-q", "FETCH_HEAD", "--", files[1])
	st, err = stores[1].Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, file.Status{}, st)
	require.Equal(t, ids(global(t, stores[0])), ids(global(t, stores[1])))
	// What was ingested must stay.
	require.NoError(t, os.Remove(filepath.Join(dirs[1], files[0])))
	st, err = stores[1].Status(t.Context())
	require.NoError(t, err)
	require.ErrorContains(t, st.Refusal, files[0])
	require.Len(t, st.Lost, 1)
	refusesAll(t, stores[1], file.ErrDamaged)
	git(t, dirs[1], "checkout", "-q", "--", files[0])
	require.NoError(t, stores[1].Refresh(t.Context()))
	require.Len(t, global(t, stores[1]), 3)
}

func refusesAll(t *testing.T, s *file.MergeStore, want error) {
	t.Helper()
	_, err := s.Append(t.Context(), batch(t, 0, 1, eventcore.MustStreamID("fresh")))
	require.ErrorIs(t, err, want)
	require.Equal(t, eventcore.OutcomeNotApplied, eventcore.OutcomeOf(err))
	for _, err := range s.ReadStream(t.Context(), streamA, 0) {
		require.ErrorIs(t, err, want)
	}
	n := 0
	for _, err := range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.Position{}, 0) {
		require.ErrorIs(t, err, want)
		n++
	}
	require.Equal(t, 1, n)
	_, err = s.Reconcile(t.Context(), took)
	require.ErrorIs(t, err, want)
	_, err = s.DetectForks(t.Context())
	require.ErrorIs(t, err, want)
}

func TestATamperedFileIsNamedAndMended(t *testing.T) {
	dirs, stores := clones(t)
	name := strings.TrimSpace(git(t, dirs[1], "ls-files", "events/*.jsonl"))
	path := filepath.Join(dirs[1], name)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(content), `"n":1`, `"n":9`, 1)), 0o600))
	st, err := stores[1].Status(t.Context())
	require.NoError(t, err)
	require.Len(t, st.Damaged, 1)
	require.Equal(t, name, st.Damaged[0].Name)
	refusesAll(t, stores[1], file.ErrDamaged)
	require.NoError(t, stores[1].Close())
	again := openMerge(t, dirs[1], file.MergeConfig{})
	refusesAll(t, again, file.ErrDamaged)
	git(t, dirs[1], "checkout", "-q", "--", name)
	require.NoError(t, again.Refresh(t.Context()))
	require.Len(t, global(t, again), 1)
}

func TestAnUnresolvableForkStays(t *testing.T) {
	dirs, stores := clones(t)
	for i, s := range stores {
		appendTo(t, s, 1, 1, streamA)
		commit(t, dirs[i])
	}
	pull(t, dirs[0], dirs[1], "--no-rebase")
	done, err := stores[0].Reconcile(t.Context(), func(context.Context, file.Fork) ([]file.Settling, error) { return nil, file.ErrUnresolvable })
	require.NoError(t, err)
	require.Len(t, done.Unresolved, 1)
	require.Empty(t, done.Merges)
	appendTo(t, stores[0], 3, 1, streamA)
	forks, err := stores[0].DetectForks(t.Context())
	require.NoError(t, err)
	require.Equal(t, done.Unresolved[0].Transactions, forks[0].Transactions, "an append settles nothing")
	oops := errors.New("oops")
	_, err = stores[0].Reconcile(t.Context(), func(context.Context, file.Fork) ([]file.Settling, error) { return nil, oops })
	require.ErrorIs(t, err, oops)
	_, err = stores[0].Reconcile(t.Context(), func(context.Context, file.Fork) ([]file.Settling, error) {
		return []file.Settling{{Stream: streamB, Event: proposed("x", "1")}}, nil
	})
	require.ErrorContains(t, err, `"b"`)
	done, err = stores[0].Reconcile(t.Context(), func(context.Context, file.Fork) ([]file.Settling, error) { return nil, nil })
	require.NoError(t, err)
	require.Len(t, done.Merges, 1, "both can stand as they are")
	require.Len(t, stream(t, stores[0], streamA), 4)
	require.NoError(t, stores[0].Close())
	_, err = file.Open(t.Context(), dirs[0], fast)
	require.ErrorIs(t, err, file.ErrDamaged)
	require.ErrorContains(t, err, done.Merges[0].String()+".jsonl: it settles a fork")
	require.ErrorContains(t, err, "OpenMerge")
}

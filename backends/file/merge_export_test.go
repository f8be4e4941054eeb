package file

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/eventcore-go/eventcore-sim/backends/file/internal/dag"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/prng"
)

// Reheaded returns the content of a file with another header, whose hash fits.
func Reheaded(t *testing.T, name, before, after string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	first, payload, _ := bytes.Cut(content, []byte("\n"))
	body := bytes.Replace(first[:len(first)-sealSize], []byte(before), []byte(after), 1)
	if bytes.Equal(body, first[:len(first)-sealSize]) {
		t.Fatalf("%q is not in %s", before, first)
	}
	body = append(body, sealBegin+hash(body)+sealEnd+"\n"...)
	return append(body, payload...)
}

// OrderByFileTime is a planted bug: what has come to this disk first is first.
func OrderByFileTime(cfg *MergeConfig, _ int) {
	arrived := map[eventcore.EventID]int{}
	cfg.rules.arrange = func(nodes []dag.Node) *dag.Graph {
		for i := range nodes {
			if _, known := arrived[nodes[i].ID]; !known {
				arrived[nodes[i].ID] = len(arrived)
			}
			nodes[i].CreatedAt = time.Unix(int64(arrived[nodes[i].ID]), 0)
		}
		return dag.New(nodes)
	}
}

// TieBreakByMapOrder is a planted bug: of transactions of one depth and time any is first.
func TieBreakByMapOrder(cfg *MergeConfig, replica int) {
	cfg.rules.arrange = func(nodes []dag.Node) *dag.Graph {
		for i := range nodes {
			any := prng.Key(uint64(replica), nodes[i].ID.String())
			nodes[i].CreatedAt = nodes[i].CreatedAt.Add(time.Duration(any % 1_000_000))
		}
		return dag.New(nodes)
	}
}

// ForkWithoutAncestry is a planted bug: what extends one version of a stream is a fork, and
// nothing else is.
func ForkWithoutAncestry(cfg *MergeConfig, _ int) {
	cfg.rules.forks = func(nodes []dag.Node, g *dag.Graph) (forks [][]eventcore.EventID) {
		bases := g.Bases()
		done := map[eventcore.EventID]bool{}
		for i := range nodes {
			fork := []eventcore.EventID{nodes[i].ID}
			for j := range nodes {
				settled := slices.ContainsFunc(nodes, func(n dag.Node) bool {
					return slices.Contains(n.Resolves, nodes[i].ID) && slices.Contains(n.Resolves, nodes[j].ID)
				})
				if i != j && !settled && !done[nodes[j].ID] && !done[nodes[i].ID] && oneBase(&nodes[i], &nodes[j], bases) {
					fork = append(fork, nodes[j].ID)
				}
			}
			if len(fork) > 1 {
				sortLike(fork, g.Order())
				forks = append(forks, fork)
				for _, id := range fork {
					done[id] = true
				}
			}
		}
		return forks
	}
}

func oneBase(a, b *dag.Node, bases map[eventcore.EventID][]int) bool {
	for i, s := range a.Streams {
		if j := slices.Index(b.Streams, s); j >= 0 && bases[a.ID][i] == bases[b.ID][j] {
			return true
		}
	}
	return false
}

// IngestByEventID is a planted bug: the global order is that of IDs.
func IngestByEventID(cfg *MergeConfig, _ int) {
	cfg.rules.deliver = func(ids []eventcore.EventID) []eventcore.EventID {
		slices.SortFunc(ids, compareIDs)
		return ids
	}
}

// NothingIsSynced is a planted bug.
func NothingIsSynced(cfg *MergeConfig, _ int) { cfg.Fsync = FsyncNever }

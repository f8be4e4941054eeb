package file

import (
	"errors"

	"github.com/eventcore-go/eventcore-sim/backends/file/internal/dag"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// MergeConfig configures a [MergeStore]. The zero value is useful and the safest.
type MergeConfig struct {
	Config

	// Fingerprint tells this working copy from all others, copies of it included: where it
	// changes, the replica gets a new name. "": the directory's absolute path and inode and
	// the machine's ID. With an FS of one's own it must be given.
	Fingerprint string

	rules mergeRules
}

// mergeRules are the decisions that tests replace by wrong ones, to see that they are found
// out. nil: the right one.
type mergeRules struct {
	// arrange orders transactions.
	arrange func([]dag.Node) *dag.Graph
	// forks finds forks.
	forks func([]dag.Node, *dag.Graph) [][]eventcore.EventID
	// deliver orders what was ingested, which comes in the order of ingestion.
	deliver func([]eventcore.EventID) []eventcore.EventID
}

func (c MergeConfig) filled(dir string) (MergeConfig, error) {
	if dir == "" && c.FS == nil {
		return c, errors.New("file: open: the directory is empty; use . for the current one")
	}
	if c.FS != nil && c.Fingerprint == "" && c.Replica == (eventcore.EventID{}) {
		return c, errors.New("file: Fingerprint is empty, and of an FS of your own none can be taken; set it to what tells this working copy from others")
	}
	var err error
	if c.Config, err = c.Config.filled(dir); err != nil {
		return c, err
	}
	if c.rules.arrange == nil {
		c.rules.arrange = dag.New
	}
	if c.rules.forks == nil {
		c.rules.forks = func(_ []dag.Node, g *dag.Graph) [][]eventcore.EventID { return g.Forks() }
	}
	if c.rules.deliver == nil {
		c.rules.deliver = func(ids []eventcore.EventID) []eventcore.EventID { return ids }
	}
	return c, nil
}

package mutant

import "github.com/eventcore-go/eventcore-sim/eventcore"

// syncFailureAsNotApplied is unknown-as-not-applied inside of a store: of what its own disk
// has left open, where the other is of what a client is told.
func syncFailureAsNotApplied() (m Mutant) {
	m.Name, m.Layer = "sync-failure-as-not-applied", Disk
	m.Doc = "an append whose last sync failed is reported as not applied"
	m.NeedsFaults = []string{"disk-fsync"}
	m.Wrap = func(inner eventcore.Store) eventcore.Store {
		return plant(inner, bug{append: claimNotApplied})
	}
	return m
}

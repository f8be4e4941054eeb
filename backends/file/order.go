package file

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ordered returns transactions in the order of the chain that their parents make, or all
// that is wrong with the chain.
func ordered(all map[eventcore.EventID]*transaction) ([]*transaction, []error) {
	next := childrenOf(all)
	var roots []eventcore.EventID
	var wrong []error
	for _, id := range sortedIDs(all) {
		switch parents := all[id].header.Parents; {
		case all[id].header.Format == mergeFormat:
			wrong = append(wrong, fmt.Errorf("%s/%s: it settles a fork of several histories, which a Store does not read; %s", eventsDir, fileName(id), useMerge))
		case len(parents) == 0:
			roots = append(roots, id)
		case len(parents) > 1:
			wrong = append(wrong, fmt.Errorf("%s/%s: it joins %d histories, which a Store does not read; %s", eventsDir, fileName(id), len(parents), useMerge))
		case all[parents[0]] == nil:
			wrong = append(wrong, fmt.Errorf("%s/%s: the append before it, %s, is missing; %s", eventsDir, fileName(id), fileName(parents[0]), next.restore("this file", id)))
		}
	}
	if wrong = append(wrong, forks(roots, next)...); len(wrong) > 0 {
		return nil, wrong
	}
	chain := make([]*transaction, 0, len(all))
	for at := roots; len(at) > 0; at = next[at[0]] {
		chain = append(chain, all[at[0]])
	}
	if len(chain) < len(all) {
		return nil, []error{fmt.Errorf("%s: %d appends follow one another in a circle; bring their files back from a backup or from version control", eventsDir, len(all)-len(chain))}
	}
	return chain, nil
}

// forks describes the places where several appends follow the same one.
func forks(roots []eventcore.EventID, next children) (wrong []error) {
	keep := fmt.Sprintf("keep one: move the others, and all that follow them, out of %s and delete %s", eventsDir, headFile)
	if len(roots) > 1 {
		wrong = append(wrong, fmt.Errorf("%s: several histories begin here: %s; %s", eventsDir, fileNames(roots), keep))
	}
	parents := make([]eventcore.EventID, 0, len(next))
	for parent := range next {
		parents = append(parents, parent)
	}
	slices.SortFunc(parents, compareIDs)
	for _, parent := range parents {
		if len(next[parent]) > 1 {
			wrong = append(wrong, fmt.Errorf("%s: the history forks after %s: %s; %s", eventsDir, fileName(parent), fileNames(next[parent]), keep))
		}
	}
	return wrong
}

func compareIDs(a, b eventcore.EventID) int { return strings.Compare(string(a[:]), string(b[:])) }

func sortedIDs(all map[eventcore.EventID]*transaction) []eventcore.EventID {
	ids := make([]eventcore.EventID, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs)
	return ids
}

package file

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ordered returns transactions in the order of the chain that their parents make. All
// that is wrong with the chain is in the error.
func ordered(all map[eventcore.EventID]*transaction) ([]*transaction, error) {
	children := make(map[eventcore.EventID][]eventcore.EventID, len(all))
	var roots []eventcore.EventID
	var wrong []error
	for _, id := range sortedIDs(all) {
		switch parents := all[id].header.Parents; {
		case len(parents) == 0:
			roots = append(roots, id)
		case len(parents) > 1:
			wrong = append(wrong, fmt.Errorf("%s/%s: it merges %d histories, which this program cannot", eventsDir, fileName(id), len(parents)))
		case all[parents[0]] == nil:
			wrong = append(wrong, fmt.Errorf("%s/%s: the append before it, %s, is missing; bring that file back", eventsDir, fileName(id), fileName(parents[0])))
		default:
			children[parents[0]] = append(children[parents[0]], id)
		}
	}
	wrong = append(wrong, forks(roots, children)...)
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return follow(all, roots, children)
}

// follow walks the chain.
func follow(all map[eventcore.EventID]*transaction, roots []eventcore.EventID, children map[eventcore.EventID][]eventcore.EventID) ([]*transaction, error) {
	chain := make([]*transaction, 0, len(all))
	for next := roots; len(next) > 0; next = children[next[0]] {
		chain = append(chain, all[next[0]])
	}
	if len(chain) < len(all) {
		return nil, fmt.Errorf("%s: %d appends follow one another in a circle", eventsDir, len(all)-len(chain))
	}
	return chain, nil
}

// forks describes the places where several appends follow the same one.
func forks(roots []eventcore.EventID, children map[eventcore.EventID][]eventcore.EventID) (wrong []error) {
	if len(roots) > 1 {
		wrong = append(wrong, fmt.Errorf("%s: several histories begin here: %s", eventsDir, fileNames(roots)))
	}
	parents := make([]eventcore.EventID, 0, len(children))
	for parent := range children {
		parents = append(parents, parent)
	}
	slices.SortFunc(parents, compareIDs)
	for _, parent := range parents {
		if len(children[parent]) > 1 {
			wrong = append(wrong, fmt.Errorf("%s: the history forks after %s: %s", eventsDir, fileName(parent), fileNames(children[parent])))
		}
	}
	return wrong
}

func fileNames(ids []eventcore.EventID) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = fileName(id)
	}
	return strings.Join(names, ", ")
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

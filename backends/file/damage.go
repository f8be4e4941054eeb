package file

import (
	"errors"
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ErrDamaged is what errors.Is finds when a file of the store is not as it was written:
// changed, cut off, missing, or there twice. The error names the files and says what to do
// about each. Nothing is left out and nothing is mended without being asked.
var ErrDamaged = errors.New("the store is damaged")

// Checksummed says of a file in the directory of a store that each change of it, be it of one
// bit, is reported with [ErrDamaged]: when the store is opened, or when a read meets it. It
// is true of all that has events.
func Checksummed(name string) bool { return strings.HasPrefix(name, eventsDir+"/") }

// What to do about a file.
const (
	bringBack = "bring that file back from a backup or from version control"
	newer     = "use a newer version of the program"
	useMerge  = "open it with OpenMerge"
	moveOut   = "only appends belong there: move it somewhere else"
)

// defect is what is wrong with a file, and what to do about it: where that is empty, to
// bring it back.
type defect struct{ what, todo string }

// Error implements error.
func (d *defect) Error() string {
	if d.todo == "" {
		return d.what + "; " + bringBack
	}
	return d.what + "; " + d.todo
}

// mostDefects is how many an error lists: more make it no clearer.
const mostDefects = 20

func damaged(errs ...error) error {
	if more := len(errs) - mostDefects; more > 0 {
		errs = append(errs[:mostDefects:mostDefects], fmt.Errorf("and %d more", more))
	}
	return fmt.Errorf("%w: %w", ErrDamaged, errors.Join(errs...))
}

// children has the appends that follow each append.
type children map[eventcore.EventID][]eventcore.EventID

func childrenOf(all map[eventcore.EventID]*transaction) children {
	c := make(children, len(all))
	for _, id := range sortedIDs(all) {
		for _, parent := range all[id].header.Parents {
			c[parent] = append(c[parent], id)
		}
	}
	return c
}

// after returns all that follow an append.
func (c children) after(id eventcore.EventID) []eventcore.EventID {
	seen := map[eventcore.EventID]bool{id: true}
	all := []eventcore.EventID{id}
	for at := 0; at < len(all); at++ {
		for _, next := range c[all[at]] {
			if !seen[next] {
				seen[next] = true
				all = append(all, next)
			}
		}
	}
	return all[1:]
}

// restore says what to do about an append that cannot be read. what is what has to go if
// there is no backup: "it" or "this file", with all that follows.
func (c children) restore(what string, id eventcore.EventID) string {
	switch follow := c.after(id); len(follow) {
	case 0:
	case 1:
		what += fmt.Sprintf(" and the one that follows it (%s)", fileNames(follow))
	default:
		what += fmt.Sprintf(" and the %d that follow it (%s)", len(follow), fileNames(follow))
	}
	return fmt.Sprintf("%s; or, if you can do without, move %s out of %s and delete %s", bringBack, what, eventsDir, headFile)
}

// mostNames is how many files an error names in one place.
const mostNames = 5

func fileNames(ids []eventcore.EventID) string {
	names := make([]string, 0, mostNames+1)
	for i, id := range ids {
		if i == mostNames {
			names = append(names, fmt.Sprintf("and %d more", len(ids)-i))
			break
		}
		names = append(names, fileName(id))
	}
	return strings.Join(names, ", ")
}

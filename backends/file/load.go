package file

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// passedOver are the files that version control, file managers and network file systems
// put into a directory. No other foreign file is: it may be an append under a wrong name.
func passedOver(name string) bool {
	switch name {
	case ".gitignore", ".gitattributes", ".gitkeep", ".keep", ".DS_Store", "Thumbs.db", "desktop.ini", ".directory":
		return true
	default:
		return strings.HasPrefix(name, "._") || strings.HasPrefix(name, ".nfs")
	}
}

// load reads and checks all appends, and indexes them.
func (s *Store) load(ctx context.Context) error {
	found, err := s.loadFiles(ctx)
	if err != nil {
		return err
	}
	if len(found.bad) > 0 {
		return damaged(found.described(childrenOf(found.all))...)
	}
	return s.build(found.all)
}

// files are what is in the directory of events: appends, and by their names files that are
// none, or not any more.
type files struct {
	names []string
	all   map[eventcore.EventID]*transaction
	bad   map[string]error
}

// loadFiles reads and checks all files of events, each for itself.
func (s *Store) loadFiles(ctx context.Context) (*files, error) {
	names, err := s.fs.ReadDir(eventsDir)
	if err != nil {
		return nil, err
	}
	found := &files{names: names, all: make(map[eventcore.EventID]*transaction, len(names)), bad: make(map[string]error)}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if passedOver(name) {
			continue
		}
		t, err := s.loadFile(name)
		if _, ok := errors.AsType[*defect](err); ok {
			found.bad[name] = err
			continue
		}
		if err != nil {
			return nil, err
		}
		found.all[t.header.Transaction] = t
	}
	return found, nil
}

// loadFile reads and checks an append.
func (s *Store) loadFile(name string) (*transaction, error) {
	if strings.HasSuffix(name, "/") {
		return nil, &defect{"it is a directory", moveOut}
	}
	if _, err := idOf(name); err != nil {
		return nil, err
	}
	content, err := s.readFile(eventsDir + "/" + name)
	if err != nil {
		return nil, err
	}
	return parse(name, content)
}

// idOf is the inverse of fileName.
func idOf(name string) (eventcore.EventID, error) {
	id, err := uuid.Parse(strings.TrimSuffix(name, suffix))
	if err != nil || fileName(id) != name {
		return id, &defect{fmt.Sprintf("its name is not that of an append, <UUID>%s", suffix), moveOut}
	}
	return id, nil
}

// described returns what is wrong with each file, in the order of the names.
func (f *files) described(next children) (wrong []error) {
	for _, name := range f.names {
		d, found := errors.AsType[*defect](f.bad[name])
		if !found {
			continue
		}
		if id, err := idOf(name); err == nil && d.todo == "" {
			d.todo = next.restore("it", id)
		}
		wrong = append(wrong, fmt.Errorf("%s/%s: %w", eventsDir, name, d))
	}
	return wrong
}

// build puts the appends in order and indexes them.
func (s *Store) build(all map[eventcore.EventID]*transaction) error {
	if err := s.head.missing(all); err != nil {
		return damaged(err)
	}
	chain, wrong := ordered(all)
	if len(wrong) > 0 {
		return damaged(wrong...)
	}
	for _, t := range chain {
		if err := s.index.check(t); err != nil {
			return damaged(fmt.Errorf("%s/%s: %w; %s", eventsDir, fileName(t.header.Transaction), err, bringBack))
		}
		s.index.add(t)
	}
	return nil
}

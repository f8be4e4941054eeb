package main

import (
	"cmp"
	"fmt"

	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// load reads a seed file and returns what replays it on a backend; "" is the file's own.
func (b *backends) load(path, name string) (seedfile.File, sim.Config, error) {
	file, err := seedfile.Load(path)
	if err != nil {
		return seedfile.File{}, sim.Config{}, err
	}
	known, err := b.lookup(cmp.Or(name, file.Backend))
	if err != nil {
		return seedfile.File{}, sim.Config{}, fmt.Errorf("%s: backend: %w", path, err)
	}
	cfg, err := file.Config(known.Backend)
	if err != nil {
		return seedfile.File{}, sim.Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return file, cfg, nil
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/eventcore-go/eventcore-sim/internal/replace"
	"github.com/eventcore-go/eventcore-sim/sim"
)

// journalEvery is the time after which what came of the runs is written again. Runs that
// ended since are lost with the process, and run again.
const journalEvery = 5 * time.Second

// journal keeps what came of the runs of simrun run in a file, from which a later call goes on.
// Results come in the order of the runs, so their number says where.
type journal struct {
	path    string
	file    journalFile
	written time.Time
	// err is the first error of writing it.
	err error
}

// journalFile is what the file has.
type journalFile struct {
	// Version is that of the program, Runs what it is to run, in lines for people.
	Version string   `json:"version"`
	Runs    []string `json:"runs"`
	// Seconds is how long it ran.
	Seconds float64 `json:"seconds"`
	// Shrunk has the kinds of failures one of which was shrunk.
	Shrunk        []string    `json:"shrunk,omitempty"`
	NotReproduced bool        `json:"not_reproduced,omitempty"`
	Sum           sim.Summary `json:"sum"`
}

// openJournal reads the file at path, if there is one yet, and compares what it is of.
func openJournal(path string, runs []string) (*journal, error) {
	j := &journal{path: path, file: journalFile{Version: version(), Runs: runs}}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return j, j.write() // now rather than after hours
	}
	if err != nil {
		return nil, err
	}
	var old journalFile
	if err := json.Unmarshal(text, &old); err != nil || len(old.Runs) == 0 {
		return nil, fmt.Errorf("%s is no journal of simrun run (%w); give another name, or remove it to begin anew", path, errors.Join(errNoJournal, err))
	}
	if old.Version != j.file.Version {
		return nil, fmt.Errorf("%s was begun by version %s, and this is %s, which may make other runs of a seed; remove it to begin anew", path, old.Version, j.file.Version)
	}
	for i := range max(len(runs), len(old.Runs)) {
		before, now := "nothing more", "nothing more"
		if i < len(old.Runs) {
			before = old.Runs[i]
		}
		if i < len(runs) {
			now = runs[i]
		}
		if before != now {
			return nil, fmt.Errorf("%s is of other runs: it has %q where this call has %q; give the same flags, or remove it to begin anew", path, before, now)
		}
	}
	j.file = old
	return j, nil
}

var errNoJournal = errors.New("it lacks what such a file has")

// keep writes what came of the runs, if it is time or must be.
func (j *journal) keep(o *output, sum *sim.Summary, must bool) {
	if j.err != nil || !must && time.Since(j.written) < journalEvery {
		return
	}
	f := &j.file
	f.Seconds, f.NotReproduced = o.ran().Seconds(), o.shrinker.notReproduced
	f.Shrunk = slices.Sorted(maps.Keys(o.shrinker.seen))
	f.Sum = *sum
	if j.err = j.write(); j.err != nil {
		fmt.Fprintf(o.stderr, "simrun: what came of the runs could not be kept: %v\n", j.err)
	}
}

// write puts a new file in place of the old one: it is never half there.
func (j *journal) write() error {
	j.written = time.Now()
	text, err := json.MarshalIndent(j.file, "", "\t")
	if err != nil {
		return err
	}
	return replace.File(j.path, append(text, '\n'))
}

// describe says what the flags run, but for how much of it, which may change.
func (f *runFlags) describe(jobs []job) []string {
	lines := []string{fmt.Sprintf("seeds from %d", f.seed)}
	add := func(format, value string) {
		if value != "" {
			lines = append(lines, fmt.Sprintf(format, value))
		}
	}
	add("scheduler %s", f.scheduler)
	add("faults %s", f.faults)
	add("mutant %s", f.mutant)
	if part, err := chosenShard(f.shard, f.shards); err == nil && part.of > 0 {
		lines = append(lines, fmt.Sprintf("shard %d/%d", part.number, part.of))
	}
	if f.verify {
		lines = append(lines, "each twice")
	}
	for _, j := range jobs {
		line := j.Scenario.Name + " on " + j.Backend.Name
		if f.seeds == 0 && f.duration == 0 {
			line += fmt.Sprintf(", %d seeds", j.seeds)
		}
		lines = append(lines, line)
	}
	return lines
}

// without leaves out the first n.
func without(runs iter.Seq[sim.Config], n int) iter.Seq[sim.Config] {
	return func(yield func(sim.Config) bool) {
		i := 0
		for cfg := range runs {
			if i++; i > n && !yield(cfg) {
				return
			}
		}
	}
}

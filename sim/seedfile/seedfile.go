// Package seedfile keeps a run on disk so that it can be replayed without the
// generators that made it.
//
// A seed file is JSON: the explicit program, the faults and the schedule as text,
// and the verdict that is expected. It is self-contained; a later version of the
// generators does not change what it means.
package seedfile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/chaos/mutant"
	"github.com/eventcore-go/eventcore-sim/internal/replace"
	"github.com/eventcore-go/eventcore-sim/scenarios"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/sched"
)

// Version is the version of the format that this package writes. It reads this one
// and all before it. Version 2 added from and was, and allows single faults only; version 3
// added real_time.
const Version = 3

// File is a seed file.
type File struct {
	Version int `json:"version"`
	// Note is for people.
	Note   string `json:"note,omitempty"`
	Expect Expect `json:"expect"`

	Backend  string `json:"backend"`
	Scenario string `json:"scenario"`
	// Mutant is the name of the planted bug, empty for the store as it is.
	Mutant string `json:"mutant,omitempty"`
	// Seed still decides IDs and the jitter of retries.
	Seed    uint64            `json:"seed"`
	Program scenarios.Program `json:"program"`
	// Faults are explicit: which call of which client fails how.
	Faults chaos.Plan `json:"faults"`
	// Crashes are those of the store's process.
	Crashes []sim.Crash `json:"crashes,omitempty"`
	// Timeless says that sleeps end when the schedule says so, whatever time they take.
	Timeless bool `json:"timeless,omitempty"`
	// Scheduler goes on where Schedule ends or cannot be followed.
	Scheduler string `json:"scheduler"`
	// Schedule has the task of each step; see sched.Parse.
	Schedule string `json:"schedule"`
	// RealTime says of a run in real time how it was carried out; nil for one that was simulated.
	RealTime *RealTime `json:"real_time,omitempty"`
	// From says what the run was shrunk from; nil for one that was not.
	From *Origin `json:"from,omitempty"`
	// Trace is the trace hash of the run when the file was written, in
	// hexadecimal. Another hash at replay means that the harness or the backend
	// takes other steps now; the verdict may still be the same.
	Trace string `json:"trace"`
}

// RealTime says how a run in real time was carried out. Its program, faults and kills are those
// of the file; the order is nobody's, so it may come to something else the next time.
type RealTime struct {
	// Processes is how many processes ran at a time; 0: there was one, and a goroutine for each
	// client.
	Processes int `json:"processes,omitempty"`
	// Kills says for each of all the processes after how many lines that it told it was killed, 0
	// for never. The program has as many clients for each.
	Kills []int `json:"kills,omitempty"`
}

// Origin is the size of the run that a smaller one was made from.
type Origin struct {
	Clients    int `json:"clients"`
	Operations int `json:"operations"`
	Steps      int `json:"steps"`
}

// Expect is what a replay must come to.
type Expect struct {
	Verdict sim.Verdict `json:"verdict"`
	// Anomaly is the name of a finding that must be among the run's; empty: any.
	Anomaly string `json:"anomaly,omitempty"`
	// Was is the name of the finding that the run showed before the bug was mended; the
	// verdict is then pass.
	Was string `json:"was,omitempty"`
}

// Of makes the seed file of a run. It expects the verdict the run came to.
func Of(r *sim.Result) File {
	f := File{
		Version: Version, Expect: Expect{Verdict: r.Verdict},
		Backend: r.Backend, Scenario: r.Scenario, Mutant: r.Mutant, Seed: r.Seed,
		Program: r.Program, Faults: chaos.Explicit(r.Faults...), Crashes: r.Crashes, Timeless: r.Plan.Timeless,
		Scheduler: r.Plan.Scheduler, Schedule: sched.Format(r.Schedule),
		Trace: fmt.Sprintf("%016x", r.Trace.Hash()),
	}
	if len(r.Findings) > 0 {
		f.Expect.Anomaly = r.Findings[0].Name
	}
	return f
}

// Name returns the usual file name, <anomaly>-<backend>-<scenario>-<seed>.json, where
// a mutant stands beside the backend. The scenario is part of it because one seed can
// fail in several.
func (f File) Name() string {
	what := f.anomaly()
	store := f.Backend
	if f.Mutant != "" {
		store += "-" + f.Mutant
	}
	switch {
	case f.RealTime == nil:
	case f.RealTime.Processes > 0:
		store += "-processes"
	default:
		store += "-parallel"
	}
	return fmt.Sprintf("%s-%s-%s-%d.json", slug(what), slug(store), slug(f.Scenario), f.Seed)
}

// anomaly returns the name of what the run shows or showed, the verdict where it has none.
func (f File) anomaly() string {
	return cmp.Or(f.Expect.Anomaly, f.Expect.Was, string(f.Expect.Verdict))
}

// Signature tells bugs apart as far as a file can: files with one signature show one anomaly
// on one store, with the same kinds of faults and crashes and the same bug planted.
func (f File) Signature() string {
	kinds := make(map[string]bool)
	for _, fault := range f.Faults.Faults {
		kinds[fault.Kind.String()] = true
	}
	for _, crash := range f.Crashes {
		kinds["crash"] = kinds["crash"] || crash.Kind != ""
	}
	parts := []string{f.anomaly(), f.Backend}
	if f.Mutant != "" {
		parts = append(parts, "mutant "+f.Mutant)
	}
	return strings.Join(append(parts, slices.Sorted(maps.Keys(kinds))...), ", ")
}

// slug makes a part of a file name from words.
func slug(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}

// OfParallel makes the seed file of a run of [sim.Parallel].
func OfParallel(r *sim.Result) File {
	f := Of(r)
	f.RealTime, f.Trace, f.Schedule = &RealTime{}, "", ""
	return f
}

// Config returns the configuration that replays the file on backend, which need
// not be the one that the file names. An error names the field that is wrong, and says of a
// run in real time that nothing replays it.
func (f File) Config(backend sim.Backend) (sim.Config, error) {
	if f.RealTime != nil {
		return sim.Config{}, errors.New("seed file: real_time: the run was one in real time, whose order nothing repeats; try its program again with simrun parallel --file")
	}
	return f.config(backend)
}

// ParallelConfig is Config for [sim.Parallel], which carries out the program and the faults of
// any file, and no crashes.
func (f File) ParallelConfig(backend sim.Backend) (sim.Config, error) {
	f.Crashes = nil
	return f.config(backend)
}

func (f File) config(backend sim.Backend) (sim.Config, error) {
	scenario, err := scenarios.Lookup(f.Scenario)
	if err != nil {
		return sim.Config{}, fmt.Errorf("seed file: scenario: %w", err)
	}
	schedule, err := sched.Parse(f.Schedule)
	if err != nil {
		return sim.Config{}, fmt.Errorf("seed file: schedule: %w", err)
	}
	if err := scenario.Validate(f.Program); err != nil {
		return sim.Config{}, fmt.Errorf("seed file: program: %w", err)
	}
	// What befell the requests to a server, or the disk, has no place where there is none.
	faults, crashes := backend.Befalling(f.Faults, f.Crashes)
	cfg := sim.Config{
		Seed: f.Seed, Backend: backend, Scenario: scenario, Scheduler: f.Scheduler, Faults: &faults, Crashes: &crashes, Timeless: f.Timeless,
		Replay: &sim.Replay{Program: f.Program, Schedule: schedule},
	}
	if f.Mutant != "" {
		m, err := mutant.Lookup(f.Mutant)
		if err != nil {
			return sim.Config{}, fmt.Errorf("seed file: mutant: %w", err)
		}
		cfg.Mutant = &m
	}
	return cfg, nil
}

// Check compares the result of a replay with what the file expects: nil where they
// agree, else an error that says how they differ.
func (f File) Check(r *sim.Result) error {
	if r.Verdict != f.Expect.Verdict {
		return fmt.Errorf("expected verdict %s, got %s %s", f.Expect.Verdict, r.Verdict, r.Reason)
	}
	named := func(found sim.Finding) bool { return found.Name == f.Expect.Anomaly }
	if f.Expect.Anomaly != "" && !slices.ContainsFunc(r.Findings, named) {
		return fmt.Errorf("expected anomaly %q, found %s", f.Expect.Anomaly, names(r.Findings))
	}
	return nil
}

func names(findings []sim.Finding) string {
	var all []string
	for _, found := range findings {
		all = append(all, fmt.Sprintf("%q", found.Name))
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(slices.Compact(all), ", ")
}

// Parse reads a seed file. An error names the field that is wrong and what is
// allowed there. It does not yet know whether scenario and program fit each other:
// [File.Config] does.
func Parse(data []byte) (File, error) {
	var f File
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return File{}, fmt.Errorf("seed file: %w", where(data, err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return File{}, errors.New("seed file: there is something behind the closing brace")
	}
	if err := f.validate(); err != nil {
		return File{}, err
	}
	return f, nil
}

func (f File) validate() error {
	switch {
	case f.Version < 1 || f.Version > Version:
		return fmt.Errorf("seed file: version: %d is not known here; known: 1 to %d", f.Version, Version)
	case f.Backend == "":
		return errors.New("seed file: backend: it is missing")
	case f.Scenario == "":
		return errors.New("seed file: scenario: it is missing")
	case !slices.Contains(sim.Verdicts(), f.Expect.Verdict):
		return fmt.Errorf("seed file: expect.verdict: %q is none of %v", f.Expect.Verdict, sim.Verdicts())
	case f.Expect.Was != "" && f.Expect.Verdict != sim.Pass:
		return fmt.Errorf("seed file: expect.was: it is %q, of a bug that was mended, but the verdict is %s; expect pass, or write anomaly instead", f.Expect.Was, f.Expect.Verdict)
	case f.Version > 1 && len(f.Faults.Rates) > 0:
		return fmt.Errorf("seed file: faults: %s is a rate; since version 2 every fault names its call, as in fail-after@c0.3", f.Faults.Rates[0])
	}
	if _, err := sched.Parse(f.Schedule); err != nil {
		return fmt.Errorf("seed file: schedule: %w", err)
	}
	if f.RealTime != nil {
		return f.RealTime.validate(len(f.Program.Clients))
	}
	return nil
}

func (t *RealTime) validate(clients int) error {
	switch n := len(t.Kills); {
	case t.Processes < 0 || t.Processes == 0 && n > 0:
		return fmt.Errorf("seed file: real_time.processes: it is %d, with %d kills; give 1 or more, or neither", t.Processes, n)
	case t.Processes > 0 && (n == 0 || n%t.Processes != 0 || clients%n != 0):
		return fmt.Errorf("seed file: real_time.kills: there are %d, for %d processes at a time and %d clients; give one for each process, as many for each that runs at a time, and each as many clients", n, t.Processes, clients)
	}
	return nil
}

// where adds the line of the input to errors that know their offset.
func where(data []byte, err error) error {
	offset := int64(-1)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = kind.Offset
	}
	if offset < 0 || offset > int64(len(data)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(data[:offset], []byte("\n")), err)
}

// Format returns the file as indented JSON.
func (f File) Format() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(f); err != nil {
		return nil, fmt.Errorf("seed file: %w", err)
	}
	return out.Bytes(), nil
}

// Load reads the seed file at path.
func Load(path string) (File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return File{}, err
	}
	f, err := Parse(data)
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Save writes the file into the folder dir, which it makes if need be, under its
// usual name, and returns the path.
func (f File) Save(dir string) (string, error) {
	data, err := f.Format()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, f.Name())
	// A reader never sees half a file: another process may watch the folder.
	return path, replace.File(path, data)
}

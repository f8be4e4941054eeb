package certify

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// CertificateVersion is the version of the certificate's JSON.
const CertificateVersion = 1

// Certificate says what was proven of a backend, by what, and what was not.
type Certificate struct {
	Version int `json:"version"`
	// Backend is the store, Harness what judged it.
	Backend  Built  `json:"backend"`
	Harness  Built  `json:"harness"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// Mutant is the bug that was planted in the store; "" for the store as it is.
	Mutant string `json:"mutant,omitempty"`

	// Level is the last level that was reached, together with all before it.
	Level Level `json:"level"`
	// Levels has all of them, and Abilities all of those.
	Levels    []LevelStatus   `json:"levels"`
	Abilities []AbilityStatus `json:"abilities"`
	// Requirements are in the order of [Requirements].
	Requirements []RequirementStatus `json:"requirements"`

	Runs Runs `json:"runs"`
	// Seconds is the time that all took.
	Seconds float64 `json:"seconds"`
}

// Built is a module at a version.
type Built struct {
	Name string `json:"name,omitempty"`
	// Module is the module's path, Version its version as the binary tells it, "(devel)"
	// for one that was built from a folder.
	Module  string `json:"module,omitempty"`
	Version string `json:"version"`
}

// LevelStatus says whether a level was reached.
type LevelStatus struct {
	Level   Level  `json:"level"`
	Meaning string `json:"meaning"`
	Reached bool   `json:"reached"`
	// Missing has the IDs of the requirements that are in its way, without those of the
	// levels before it.
	Missing []string `json:"missing,omitempty"`
}

// AbilityStatus says whether the requirements of an ability passed: all that the level that
// was reached asks for and that need no other ability which is missing.
type AbilityStatus struct {
	Ability Ability `json:"ability"`
	Status  Status  `json:"status"`
	// Passed of Of requirements did. Reason is that of the first one that did not.
	Passed int    `json:"passed"`
	Of     int    `json:"of"`
	Reason string `json:"reason,omitempty"`
}

// RequirementStatus is what became of a requirement.
type RequirementStatus struct {
	ID     string `json:"id"`
	Rule   string `json:"rule"`
	Level  Level  `json:"level"`
	Status Status `json:"status"`
	// Reason says why it failed or was not certified.
	Reason string `json:"reason,omitempty"`
	// SeedFile is the file that replays a failure; "" for one of the contract tests.
	SeedFile string `json:"seedFile,omitempty"`

	lacks Ability
	needs []Ability
}

// Runs sums up the simulated runs.
type Runs struct {
	Runs int `json:"runs"`
	// Schedules is the number of different orders of steps among them.
	Schedules  int            `json:"schedules"`
	Schedulers map[string]int `json:"schedulers"`
	Steps      int            `json:"steps"`
	// Operations are store calls; Applied, Conflicts and Unknown are appends by outcome.
	Operations int `json:"operations"`
	Overlaps   int `json:"overlaps"`
	Applied    int `json:"applied"`
	Conflicts  int `json:"conflicts"`
	Unknown    int `json:"unknown"`
	// Crashes are those of the process, Restarts those of a server, and Kills ends of all
	// sessions there; Again and RestartsAgain are those that came in the middle of the recovery
	// from another one; Lost and Torn are writes that crashes took away.
	Crashes       int `json:"crashes"`
	Again         int `json:"crashes_again"`
	Lost          int `json:"lost"`
	Torn          int `json:"torn"`
	Kills         int `json:"kills"`
	Restarts      int `json:"restarts"`
	RestartsAgain int `json:"restarts_again"`
	// Unconfirmed are histories that porcupine did not decide in its time, so that the fast
	// checker decided alone.
	Unconfirmed int `json:"unconfirmed"`
	// Faults counts those that fired by kind.
	Faults []Fired `json:"faults"`
	// Scenarios has the runs by scenario and phase.
	Scenarios []ScenarioRuns `json:"scenarios"`
}

// Fired is how often a kind of fault did.
type Fired struct {
	Kind  string `json:"kind"`
	Fired int    `json:"fired"`
}

// ScenarioRuns says which seeds ran.
type ScenarioRuns struct {
	Scenario string `json:"scenario"`
	Phase    string `json:"phase"`
	Runs     int    `json:"runs"`
	First    uint64 `json:"firstSeed"`
	Last     uint64 `json:"lastSeed"`
}

// Failed says whether any requirement did.
func (c *Certificate) Failed() bool {
	return slices.ContainsFunc(c.Requirements, func(r RequirementStatus) bool { return r.Status == Failed })
}

// Lacking returns the abilities that the level was judged without, wholly or in part.
func (c *Certificate) Lacking() []Ability {
	var all []Ability
	for _, a := range c.Abilities {
		if a.Status != Passed {
			all = append(all, a.Ability)
		}
	}
	return all
}

// certificate makes the certificate of what the ledger has.
func (l *ledger) certificate(o *options) *Certificate {
	c := &Certificate{Version: CertificateVersion, Seconds: l.took.Round(time.Millisecond).Seconds(), Runs: l.runs()}
	for _, r := range Requirements() {
		j := l.judge(&r, o)
		c.Requirements = append(c.Requirements, RequirementStatus{
			ID: r.ID, Rule: r.Rule, Level: r.Level, Status: j.status, Reason: j.reason, SeedFile: j.file,
			lacks: j.lacks, needs: r.Needs,
		})
	}
	c.Level = c.judgeLevels()
	for _, a := range Abilities() {
		c.Abilities = append(c.Abilities, c.ability(a))
	}
	return c
}

// judgeLevels fills in Levels and returns the last one reached. A requirement that was not
// certified is in the way of its level unless the store lacks an ability that it needs.
func (c *Certificate) judgeLevels() Level {
	reached, last := true, NoLevel
	for _, level := range Levels() {
		var missing []string
		for i := range c.Requirements {
			r := &c.Requirements[i]
			if r.Level == level && r.Status != Passed && (r.Status == Failed || r.lacks == "") {
				missing = append(missing, r.ID)
			}
		}
		if reached = reached && len(missing) == 0; reached {
			last = level
		}
		c.Levels = append(c.Levels, LevelStatus{level, level.Meaning(), reached, missing})
	}
	return last
}

func (c *Certificate) ability(a Ability) AbilityStatus {
	s := AbilityStatus{Ability: a, Status: Passed}
	// first is why one was not certified, for want of this ability if there is such a one.
	first, own := "", false
	for i := range c.Requirements {
		r := &c.Requirements[i]
		if !slices.Contains(r.needs, a) {
			continue
		}
		s.Of++
		if r.Status == Passed {
			s.Passed++
			continue
		}
		if first == "" || r.lacks == a && !own {
			first, own = r.ID+": "+r.Reason, r.lacks == a
		}
		other := r.lacks != "" && r.lacks != a
		if r.Status == NotCertified && (other || c.beyond(r.Level)) {
			continue
		}
		if s.Status == Passed || s.Status == NotCertified && r.Status == Failed {
			s.Status, s.Reason = r.Status, r.ID+": "+r.Reason
		}
	}
	if s.Status == Passed && s.Passed == 0 {
		s.Status, s.Reason = NotCertified, first
	}
	if s.Status == Failed && a.declarable() {
		s.Reason += fmt.Sprintf(" (a store that cannot do this says so: %s)", a.declaration())
	}
	return s
}

// beyond says that a level comes after the one that was reached.
func (c *Certificate) beyond(l Level) bool {
	return slices.Index(Levels(), l) > slices.Index(Levels(), c.Level)
}

func (l *ledger) runs() Runs {
	cov := &l.total.Coverage
	r := Runs{
		Runs: l.total.Runs, Schedules: len(l.schedules), Schedulers: make(map[string]int), Steps: l.total.Steps,
		Operations: cov.Calls, Overlaps: cov.Overlaps, Applied: cov.Applied, Conflicts: cov.Conflicts, Unknown: cov.Unknown,
		Crashes: cov.Crashes, Again: cov.Again, Lost: cov.Lost, Torn: cov.Torn, Kills: cov.Kills,
		Restarts: cov.Restarts, RestartsAgain: cov.RestartsAgain, Unconfirmed: cov.Unconfirmed,
		Faults: []Fired{}, Scenarios: []ScenarioRuns{},
	}
	for _, kind := range cov.Kinds() {
		if n := cov.Faults[kind].Fired; n > 0 {
			r.Faults = append(r.Faults, Fired{kind.String(), n})
		}
	}
	for _, w := range slices.SortedFunc(maps.Keys(l.evidence), compareWork) {
		e := l.evidence[w]
		for name, n := range e.by {
			r.Schedulers[name] += n
		}
		scenario := w.scenario
		if scenario == "" {
			scenario = "each"
		}
		r.Scenarios = append(r.Scenarios, ScenarioRuns{scenario, string(w.phase), e.runs, e.seeds[0], e.seeds[1]})
	}
	return r
}

package sim

// Verdict is the judgement on a run.
type Verdict string

// The verdicts, from best to worst.
const (
	// Pass: the run ended, everything was checked and nothing was found.
	Pass Verdict = "pass"
	// Vacuous: nothing was found, but something that was asked for never happened.
	Vacuous Verdict = "vacuous"
	// Undecided: the history could not be judged.
	Undecided Verdict = "undecided"
	// NoProgress: once faults were healed, some client did not finish in its
	// steps, or all tasks waited for one another.
	NoProgress Verdict = "no-progress"
	// Violation: the store broke the contract or a scenario's invariant.
	Violation Verdict = "violation"
	// NotReproduced: a run failed, and its replay did not, or not in the same way. What it
	// depends on besides its seed is to be found first.
	NotReproduced Verdict = "not-reproduced"
	// NotDeterministic: two runs of the seed differed.
	NotDeterministic Verdict = "not-deterministic"
	// CheckersDisagree: one checker calls the history right and the other wrong. That is a bug
	// of the harness, and says nothing about the store.
	CheckersDisagree Verdict = "checkers-disagree"
	// Broken: the run could not be carried out, for instance because the store
	// could not be opened. It says nothing about the store's semantics.
	Broken Verdict = "broken"
)

// Verdicts lists all verdicts from best to worst.
func Verdicts() []Verdict {
	return []Verdict{Pass, Vacuous, Undecided, NoProgress, Violation, NotReproduced, NotDeterministic, CheckersDisagree, Broken}
}

// Finding is one thing that is wrong with a run.
type Finding struct {
	// Name is the anomaly's or the invariant's name; findings with one name are
	// of one class.
	Name string
	// Message is one sentence with the streams, versions and clients involved.
	Message string
	// Operations are indices into the run's history: those that prove it.
	Operations []int
	// Edges says of each two of these, in turn, why the first must come before the second;
	// see [linearizability.Anomaly].
	Edges []string
	// verdict is what the finding alone makes of the run.
	verdict Verdict
}

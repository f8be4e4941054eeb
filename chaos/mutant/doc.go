// Package mutant holds event stores with one planted bug each.
//
// A harness is judged by the bugs it finds; these are bugs that event stores and
// their clients have had, small and on purpose:
//
//	m, err := mutant.Lookup("torn-append")
//	…
//	store = m.Wrap(store)
//
// Each is one file. Apart from its bug a mutant forwards every call. What it does
// is decided by counters and by hashes of event IDs, so that a simulated run with
// a mutant repeats like any other; some offer yield points, so that other tasks get
// into the window that the bug opens.
package mutant

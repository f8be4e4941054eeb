// Package chaos wraps event stores so that they fail on purpose.
//
// A [Plan] says what fails: kinds of faults at a rate, single faults on single
// calls, or both. It prints and parses as text:
//
//	fail-after=5%, delay=10%~20ms, decode-error@c2.5+3
//
// asks for an unknown outcome after one append in twenty, for delays of up to 20 ms
// before one call in ten, and for a decode error in the read that is call 5 of
// client 2, after three of its events.
//
// An [Injector] carries a plan out. What it does to a call depends on the seed, the
// client and the number of that client's call alone, never on what other clients do
// meanwhile; so the list of what fired ([Injector.Log]) is itself a plan that makes
// the same faults fire again.
//
// Each kind of fault is one file, fault_<name>.go. Every injected error wraps
// [ErrInjected].
package chaos

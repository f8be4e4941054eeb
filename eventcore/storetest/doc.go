// Package storetest checks implementations of [eventcore.Store] against its contract.
//
// A backend's test is three lines:
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, func(t testing.TB) eventcore.Store { return mine.New() })
//	}
//
// Every rule has an ID and a sentence, which [Requirements] lists and a failure quotes:
//
//	R-APPEND-03 (append.go:41): a moved read-only participant refuses the append: got no error, want a version conflict
//
// [Run] makes each rule a sub-test, so that -run 'TestContract/R-APPEND-03' repeats one.
// [Check] is the same without package testing's T, for programs.
//
// Each rule is checked on a fresh store; one that is an [io.Closer] is closed
// afterwards. The checks run in real time and some of them concurrently: run them with
// the race detector too.
package storetest

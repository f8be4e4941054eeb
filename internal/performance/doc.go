// Package performance measures the harness, and what one would use instead of it. It is
// all tests, since two of these need a test to run in:
//
//	go test ./internal/performance -performance.write -timeout 30m
//
// writes docs/performance.md. Without the flag everything is measured for a moment only, so
// that the measurement itself is tested.
package performance

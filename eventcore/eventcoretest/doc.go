// Package eventcoretest helps to test commands and projections without a backend.
//
// [Given] tests a command by the events that were recorded before and those that it emits;
// [Collector] is a projector that keeps what it is given.
package eventcoretest

// Package lapse tells the end of a lease that its holder does not bring about, as when the
// holder's process has died or its connection is lost, from one that the holder gives up.
package lapse

import "context"

type key struct{}

// Mark returns a context for the release of a lease whose holder has no part in it.
func Mark(ctx context.Context) context.Context { return context.WithValue(ctx, key{}, true) }

// Marked says whether the context is that of such a release.
func Marked(ctx context.Context) bool { return ctx.Value(key{}) != nil }

package eventcore

import "context"

type fencingKey struct{}

// FencingToken returns the token of the lease under which a projector is called, and
// whether there is one; see [Lease.Token]. A read model that keeps the largest token it
// has seen, and refuses writes with a smaller one, is safe from a former leader that does
// not know yet that it is none.
func FencingToken(ctx context.Context) (token uint64, ok bool) {
	token, ok = ctx.Value(fencingKey{}).(uint64)
	return token, ok
}

func withFencingToken(ctx context.Context, token uint64) context.Context {
	return context.WithValue(ctx, fencingKey{}, token)
}

package chaos

import (
	"context"
	"time"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// RequestKinds returns the kinds of faults that hit the requests that a store sends to its
// server, in a fixed order. They are carried out by who stands between store and server,
// such as package pgstep, and not by what [Injector.Wrap] returns.
func RequestKinds() []KindInfo {
	return []KindInfo{
		{Kind: NetCutBefore, Doc: "The connection is found to be gone when a request is to be sent: nothing is."},
		{Kind: NetCutRequest, Doc: "The connection is cut with a request on its way, which never arrives."},
		{Kind: NetCutAfter, Doc: "The connection is cut once the server has carried a request out, and its answer is lost."},
		{Kind: NetCutResult, Streamed: true, Doc: "The same in the middle of the answer: after a number of rows, or before its end if it has no more."},
		{Kind: NetDelay, Timed: true, Doc: "A request takes its time."},
		{
			Kind: NetHalfOpen, Timed: true, Streamed: true,
			Doc: "A request and all that follows vanish: the client is told after the time, the server ends the session after so many tenths of it.",
		},
		{Kind: EndSession, Doc: "The server ends the session before a request is sent, as an administrator has it do."},
		{
			Kind: NetRefused, Streamed: true,
			Doc: "A connection that a request needs cannot be made: nobody listens; or, after 1, it is cut while the session begins; or, after 2, the server says that it is starting up.",
		},
	}
}

// Refusals of a connection, which are what [Fault.After] of [NetRefused] says.
const (
	// RefusedByHost: nobody listens.
	RefusedByHost = iota
	// RefusedByCut: the connection is cut while the session begins.
	RefusedByCut
	// RefusedByServer: the server says that it cannot begin a session now.
	RefusedByServer

	refusals // their number
)

// tenths is what [Fault.After] of [NetHalfOpen] counts.
const tenths = 10

// RequestFault is a fault that a request is to suffer.
type RequestFault struct {
	Fault
	strike strike
}

// Request counts a request that a store is about to send for a client and returns the
// fault that it is to suffer, nil for none. Like the client's store it is for one
// goroutine at a time.
func (in *Injector) Request(id int) *RequestFault {
	c := in.client(id)
	c.requests++
	sent := func(kind Kind) bool { return kind.OnRequest() && kind != NetRefused }
	s := in.strikeBelow(call{client: c, op: opRequest, number: c.requests - 1}, &c.onRequests, sent)
	if s == nil {
		return nil
	}
	return &RequestFault{s.fault, *s}
}

// Connect returns the fault that a connection is to suffer which a store needs for the next
// request of a client, nil for none. One that suffers a fault counts as a request, so that the
// next one is another. Like Request it is for one goroutine at a time.
func (in *Injector) Connect(id int) *RequestFault {
	c := in.client(id)
	named := &c.onRequests
	if len(*named) > 0 && (*named)[0].Kind != NetRefused {
		named = new([]Fault) // it is for the request
	}
	s := in.strikeBelow(call{client: c, op: opRequest, number: c.requests}, named, func(kind Kind) bool { return kind == NetRefused })
	if s == nil {
		return nil
	}
	c.requests++
	return &RequestFault{s.fault, *s}
}

// strikeBelow returns the strike that something suffers which a store does for a client's
// call: the one that the plan names, or one that is drawn from the kinds that can hit it;
// nil for none.
func (in *Injector) strikeBelow(at call, named *[]Fault, canHit func(Kind) bool) *strike {
	if in.healed.Load() {
		return nil
	}
	if len(*named) > 0 && (*named)[0].Call == at.number {
		fault := (*named)[0]
		*named = (*named)[1:]
		if !canHit(fault.Kind) {
			return nil
		}
		return &strike{call: at, fault: fault, named: true}
	}
	for _, rate := range in.rates {
		if !canHit(rate.Kind) {
			continue
		}
		draw := draw{in.config.Seed, at.client.id, at.number, rate}
		if draw.hits() {
			return &strike{call: at, fault: draw.fault(at.op), rate: rate.P}
		}
		at.client.tallies[rate.Kind].tried++
		at.client.count(at.op, 0, rate.P)
	}
	return nil
}

// opRequest stands for a request in place of a store call.
const opRequest eventcore.Operation = "request"

// Fire counts the fault and reports it, or returns false where the injector was healed
// since. It is called at the moment of the injection.
func (f *RequestFault) Fire(ctx context.Context) bool { return f.strike.fire(ctx) }

// ServerDelay returns the time after which the server ends a session that is half open.
func (f *RequestFault) ServerDelay() time.Duration {
	return f.Delay / tenths * time.Duration(f.After)
}

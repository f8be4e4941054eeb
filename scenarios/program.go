package scenarios

import (
	"strconv"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Program is the explicit list of what each client does. As JSON it is replayed
// without the generator that made it.
type Program struct {
	// Setup is run first, by one client alone, without faults.
	Setup []Op `json:"setup,omitempty"`
	// Clients has the operations of each client; clients run concurrently, under
	// faults.
	Clients [][]Op `json:"clients"`
	// Probes has for each client what it runs once faults are healed. Each probe
	// must succeed: none can be refused by a business rule.
	Probes [][]Op `json:"probes,omitempty"`
}

// Len returns the number of operations.
func (p *Program) Len() int {
	n := len(p.Setup)
	for _, clients := range [][][]Op{p.Clients, p.Probes} {
		for _, ops := range clients {
			n += len(ops)
		}
	}
	return n
}

// Op is one operation. Do names it; which of the other fields it uses, the
// scenario's Validate knows and says.
type Op struct {
	Do string `json:"do"`
	// Streams are the streams that the operation is about, most often those it
	// writes to.
	Streams []eventcore.StreamID `json:"streams,omitempty"`
	// Reads are participants that are only read.
	Reads  []eventcore.StreamID `json:"reads,omitempty"`
	Amount int64                `json:"amount,omitempty"`
	// Count is a number of events to append to each stream.
	Count int `json:"count,omitempty"`
	// After is the version behind which a read begins.
	After uint64 `json:"after,omitempty"`
	// Limit is the number of events after which a read stops, 0 for none.
	Limit int `json:"limit,omitempty"`
	// Prefix, Pattern and Type filter the global order.
	Prefix  string `json:"prefix,omitempty"`
	Pattern string `json:"pattern,omitempty"`
	Type    string `json:"type,omitempty"`
	// Projection says how a projection runs.
	Projection *Projecting `json:"projection,omitempty"`
}

// String returns the operation on one line, as "transfer account/1 account/2 amount=5".
func (op Op) String() string {
	var b strings.Builder
	b.WriteString(op.Do)
	for _, id := range op.Streams {
		b.WriteByte(' ')
		b.WriteString(id.String())
	}
	for i, id := range op.Reads {
		if i == 0 {
			b.WriteString(" reads")
		}
		b.WriteByte(' ')
		b.WriteString(id.String())
	}
	number := func(name string, n int64) {
		if n != 0 {
			b.WriteString(" " + name + "=" + strconv.FormatInt(n, 10))
		}
	}
	text := func(name, s string) {
		if s != "" {
			b.WriteString(" " + name + "=" + strconv.Quote(s))
		}
	}
	number("amount", op.Amount)
	number("count", int64(op.Count))
	if op.After != 0 {
		b.WriteString(" after=" + strconv.FormatUint(op.After, 10))
	}
	number("limit", int64(op.Limit))
	text("prefix", op.Prefix)
	text("pattern", op.Pattern)
	text("type", op.Type)
	if op.Projection != nil {
		b.WriteString(" " + op.Projection.String())
	}
	return b.String()
}

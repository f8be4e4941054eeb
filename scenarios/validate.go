package scenarios

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// needs says which fields of an [Op] a kind of operation uses.
type needs struct {
	streams, reads, amount, count, limit span
	after, filter, projection            bool
}

// span is the range that a number, or the length of a list, must lie in. The zero
// value is a field that is not used.
type span struct {
	used        bool
	least, most int64
}

func exactly(n int64) span           { return span{true, n, n} }
func atLeast(n int64) span           { return span{true, n, math.MaxInt64} }
func between(least, most int64) span { return span{true, least, most} }

func (s span) check(field, do string, n int64) error {
	switch {
	case !s.used && n != 0:
		return fmt.Errorf("%s: %q does not use it; leave it out", field, do)
	case s.used && s.least == s.most && n != s.least:
		return fmt.Errorf("%s: %q needs exactly %d, got %d", field, do, s.least, n)
	case s.used && n < s.least:
		return fmt.Errorf("%s: %q needs at least %d, got %d", field, do, s.least, n)
	case s.used && n > s.most:
		return fmt.Errorf("%s: %q takes at most %d, got %d", field, do, s.most, n)
	default:
		return nil
	}
}

// validate implements [Scenario.Validate].
func (s *spec) validate(p Program) error {
	if len(p.Clients) == 0 {
		return errors.New("clients: there is none; a program needs at least one")
	}
	if len(p.Probes) > len(p.Clients) {
		return fmt.Errorf("probes: there are %d for %d clients; give at most one list a client", len(p.Probes), len(p.Clients))
	}
	if err := p.each(s.validateOp); err != nil {
		return err
	}
	if s.whole != nil {
		return s.whole(p)
	}
	return nil
}

// each calls visit with every operation until it returns an error, and puts the
// operation's place before that, as "clients[1][3].".
func (p Program) each(visit func(op *Op) error) error {
	list := func(ops []Op, name func() string) error {
		for i := range ops {
			if err := visit(&ops[i]); err != nil {
				return fmt.Errorf("%s[%d].%w", name(), i, err)
			}
		}
		return nil
	}
	if err := list(p.Setup, func() string { return "setup" }); err != nil {
		return err
	}
	for i, ops := range p.Clients {
		if err := list(ops, func() string { return fmt.Sprintf("clients[%d]", i) }); err != nil {
			return err
		}
	}
	for i, ops := range p.Probes {
		if err := list(ops, func() string { return fmt.Sprintf("probes[%d]", i) }); err != nil {
			return err
		}
	}
	return nil
}

// validateOp returns an error that begins with the name of the field.
func (s *spec) validateOp(op *Op) error {
	o := s.find(op.Do)
	if o == nil {
		return s.unknown(op.Do)
	}
	n := &o.needs
	for _, err := range []error{
		n.streams.check("streams", op.Do, int64(len(op.Streams))),
		n.reads.check("reads", op.Do, int64(len(op.Reads))),
		n.amount.check("amount", op.Do, op.Amount),
		n.count.check("count", op.Do, int64(op.Count)),
		n.limit.check("limit", op.Do, int64(op.Limit)),
		checkStreams(op),
		n.checkRest(op),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *needs) checkRest(op *Op) error {
	unused := func(field string) error {
		return fmt.Errorf("%s: %q does not use it; leave it out", field, op.Do)
	}
	switch {
	case op.After != 0 && !n.after:
		return unused("after")
	case op.Prefix != "" && !n.filter:
		return unused("prefix")
	case op.Pattern != "" && !n.filter:
		return unused("pattern")
	case op.Type != "" && !n.filter:
		return unused("type")
	case op.Projection != nil && !n.projection:
		return unused("projection")
	}
	if n.projection {
		if err := op.Projection.validate(); err != nil {
			return err
		}
	}
	if op.Prefix != "" {
		if _, err := eventcore.ParseStreamPrefix(op.Prefix); err != nil {
			return fmt.Errorf("prefix: %w", err)
		}
	}
	if op.Pattern != "" {
		if _, err := eventcore.ParseStreamPattern(op.Pattern); err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
	}
	return nil
}

// checkStreams refuses zero IDs and streams that are there twice: a command
// declares each stream once.
func checkStreams(op *Op) error {
	for _, list := range []struct {
		field  string
		ids    []eventcore.StreamID
		others []eventcore.StreamID
	}{{"streams", op.Streams, nil}, {"reads", op.Reads, op.Streams}} {
		for i, id := range list.ids {
			switch {
			case id.IsZero():
				return fmt.Errorf("%s[%d]: the stream ID is empty", list.field, i)
			case slices.Contains(list.ids[:i], id), slices.Contains(list.others, id):
				return fmt.Errorf("%s[%d]: stream %q is there twice", list.field, i, id)
			}
		}
	}
	return nil
}

func (s *spec) unknown(do string) error {
	var names []string
	for _, o := range s.operations {
		names = append(names, o.name)
	}
	return fmt.Errorf("do: %q is no operation of scenario %s; known: %s", do, s.name, strings.Join(names, ", "))
}

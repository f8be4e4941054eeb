package eventcore_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// scriptEvent is an event of the commands in scripts.
type scriptEvent interface{ scriptEvent() }

type added struct {
	N int `json:"n"`
}

type linked struct {
	To string `json:"to"`
}

type unencodable struct{ C chan int }

// alien has a type name but is not a scriptEvent.
type alien struct{}

func (added) scriptEvent()       {}
func (linked) scriptEvent()      {}
func (unencodable) scriptEvent() {}

// scriptState keeps all that was folded, in order.
type scriptState struct {
	sum   int
	links []eventcore.StreamID
	seen  []string
}

type scriptCommand struct{ script *script }

// scriptDiscoverer is a scriptCommand that follows links.
type scriptDiscoverer struct{ scriptCommand }

func (s *script) command() eventcore.Command[scriptState, scriptEvent] {
	if s.discovers {
		return &scriptDiscoverer{scriptCommand{s}}
	}
	return &scriptCommand{s}
}

func (c *scriptCommand) Streams() []eventcore.StreamID {
	var ids []eventcore.StreamID
	for _, names := range c.script.declared {
		for _, name := range names {
			if name == "zero" {
				ids = append(ids, eventcore.StreamID{})
				continue
			}
			ids = append(ids, eventcore.MustStreamID(name))
		}
	}
	return ids
}

func (c *scriptCommand) Apply(state scriptState, e eventcore.Event[scriptEvent]) scriptState {
	switch payload := e.Payload.(type) {
	case added:
		state.sum += payload.N
		state.seen = append(state.seen, fmt.Sprintf("%s@%d:%d", e.Stream, e.Version, payload.N))
	case linked:
		var to eventcore.StreamID
		if payload.To != "zero" {
			to = eventcore.MustStreamID(payload.To)
		}
		state.links = append(state.links, to)
		state.seen = append(state.seen, fmt.Sprintf("%s@%d->%s", e.Stream, e.Version, payload.To))
	}
	return state
}

func (c *scriptDiscoverer) Discover(state scriptState) []eventcore.StreamID {
	c.script.say("discover in %s", strings.Join(state.seen, " "))
	return state.links
}

func (c *scriptCommand) Handle(state scriptState) ([]eventcore.Emit[scriptEvent], error) {
	c.script.say("handle %s", strings.Join(state.seen, " "))
	if c.script.refuses {
		return nil, errOverdrawn
	}
	var emits []eventcore.Emit[scriptEvent]
	for _, words := range c.script.emits {
		id := eventcore.MustStreamID(words[0])
		switch words[1] {
		case "sum":
			emits = append(emits, eventcore.To[scriptEvent](id, added{state.sum}))
		case "bad":
			emits = append(emits, eventcore.To[scriptEvent](id, unencodable{}))
		default:
			n, err := strconv.Atoi(words[1])
			if err != nil {
				return nil, err
			}
			emits = append(emits, eventcore.To[scriptEvent](id, added{n}))
		}
	}
	return emits, nil
}

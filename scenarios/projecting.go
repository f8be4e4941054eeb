package scenarios

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// Projecting says how a projection of an operation runs and how it ends. An act is the
// beginning or the end of a call that it makes: of a read, of its store for checkpoints
// and leases, or of its projector. Acts are counted from 1; 0 is none of them.
type Projecting struct {
	// Subscription names the projection. It also says which events it is of.
	Subscription string `json:"subscription"`
	// Lead lets it run only as long as it leads the subscription.
	Lead bool `json:"lead,omitempty"`
	// EachPage saves the checkpoint behind each page, not behind each event.
	EachPage bool `json:"each_page,omitempty"`
	// Die is the act at which its process dies. Its lease ends some time later.
	Die int `json:"die,omitempty"`
	// Panic is the act at which the projector panics, and gives its lease up.
	Panic int `json:"panic,omitempty"`
	// Cancel is the act at which its context is cancelled.
	Cancel int `json:"cancel,omitempty"`
	// Lose is the act at which it loses its lease without being told.
	Lose int `json:"lose,omitempty"`
	// Flaky lets every so many attempts to apply an event fail; 0: none.
	Flaky int `json:"flaky,omitempty"`
}

// The subscriptions of projections.
const (
	subscriptionAll    = "everything"
	subscriptionPrefix = "the first stream"
	subscriptionTypes  = "what was made"
)

func subscriptions() []string {
	return []string{subscriptionAll, subscriptionPrefix, subscriptionTypes}
}

// filterOf returns which events a subscription is of.
func filterOf(subscription string) eventcore.Filter {
	switch subscription {
	case subscriptionPrefix:
		prefix, err := eventcore.ParseStreamPrefix("item/1")
		if err != nil {
			panic(err)
		}
		return eventcore.Filter{Prefix: prefix}
	case subscriptionTypes:
		return eventcore.Filter{Types: []string{typeMade}}
	default:
		return eventcore.Filter{}
	}
}

// String returns what is set, as in "everything lead die=3".
func (p *Projecting) String() string {
	var b strings.Builder
	b.WriteString(strconv.Quote(p.Subscription))
	if p.Lead {
		b.WriteString(" lead")
	}
	if p.EachPage {
		b.WriteString(" each-page")
	}
	for _, field := range p.numbers() {
		if field.n != 0 {
			fmt.Fprintf(&b, " %s=%d", field.name, field.n)
		}
	}
	return b.String()
}

type numberField struct {
	name string
	n    int
}

func (p *Projecting) numbers() []numberField {
	return []numberField{{"die", p.Die}, {"panic", p.Panic}, {"cancel", p.Cancel}, {"lose", p.Lose}, {"flaky", p.Flaky}}
}

func (p *Projecting) validate() error {
	if p == nil {
		return errors.New("projection: it is missing; say which subscription it is of")
	}
	if _, err := eventcore.ParseSubscriptionID(p.Subscription); err != nil {
		return fmt.Errorf("projection.subscription: %w", err)
	}
	for _, field := range p.numbers() {
		if field.n < 0 {
			return fmt.Errorf("projection.%s: it is %d; it is 0 or more", field.name, field.n)
		}
	}
	if p.Lose > 0 && !p.Lead {
		return errors.New("projection.lose: there is no lease to lose; set lead too")
	}
	return nil
}

package eventcore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// The keys under which the IDs are in the metadata of an event.
const (
	correlationKey = "correlation_id"
	causationKey   = "causation_id"
)

// Causality says what an event belongs to and what it came of.
type Causality struct {
	// CorrelationID is the same for all that came of one thing, such as a request.
	CorrelationID string `json:"correlation_id,omitempty"`
	// CausationID names the very thing that it came of, most often an event.
	CausationID string `json:"causation_id,omitempty"`
}

// CausalityOf returns what the metadata of an event says; IDs that are not there are
// empty. Metadata that is not a JSON object has none. An ID that is not a string is an
// error.
func CausalityOf(metadata json.RawMessage) (Causality, error) {
	var c Causality
	if data := bytes.TrimSpace(metadata); len(data) == 0 || data[0] != '{' {
		return c, nil
	}
	if err := json.Unmarshal(metadata, &c); err != nil {
		return Causality{}, fmt.Errorf("eventcore: metadata: %w", err)
	}
	return c, nil
}

// WithCorrelationID puts the ID into the metadata of every event of the command, under
// "correlation_id". Metadata from [WithMetadata] must then be an object that says nothing
// else there. "" leaves it out.
func WithCorrelationID(id string) Option { return func(s *settings) { s.correlation = id } }

// WithCausationID puts the ID into the metadata of every event of the command, under
// "causation_id"; see [WithCorrelationID].
func WithCausationID(id string) Option { return func(s *settings) { s.causation = id } }

// CausedBy is [WithCausationID] with the ID of an event, and [WithCorrelationID] with that
// of its metadata: for a command that an event brings about. An event whose metadata has
// no correlation ID, or none that can be read, begins a correlation by its own ID.
func CausedBy(event *Recorded) Option {
	return func(s *settings) {
		s.causation = event.ID.String()
		s.correlation = s.causation
		if c, err := CausalityOf(event.Metadata); err == nil && c.CorrelationID != "" {
			s.correlation = c.CorrelationID
		}
	}
}

// causality returns the metadata with the IDs in it.
func (s *settings) causality() (json.RawMessage, error) {
	metadata := s.metadata
	var err error
	for _, id := range []struct{ key, value string }{{correlationKey, s.correlation}, {causationKey, s.causation}} {
		if id.value == "" {
			continue
		}
		if metadata, err = withMember(metadata, id.key, id.value); err != nil {
			return nil, fmt.Errorf("eventcore: execute: the metadata %.40q cannot have %s %q: %w", s.metadata, id.key, id.value, err)
		}
	}
	return metadata, nil
}

// withMember adds a member to an object, which keeps the bytes that it has.
func withMember(object json.RawMessage, key, value string) (json.RawMessage, error) {
	member, err := json.Marshal(map[string]string{key: value})
	if err != nil {
		return nil, err
	}
	object = bytes.TrimSpace(object)
	if len(object) == 0 {
		return member, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil || members == nil {
		return nil, errors.New("it is not an object; pass one to WithMetadata")
	}
	if there, found := members[key]; found {
		var text string
		if json.Unmarshal(there, &text) == nil && text == value {
			return object, nil
		}
		return nil, fmt.Errorf("it says %s there already; leave one of them out", there)
	}
	if len(members) == 0 {
		return member, nil
	}
	return append(append(append([]byte(nil), object[:len(object)-1]...), ','), member[1:]...), nil
}

package eventcore

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxStreamIDLength is the greatest length of a stream ID in characters (runes).
const MaxStreamIDLength = 255

// StreamID names a stream. It has no white space around it, is not empty, has at
// most 255 characters and none of * ? [ ], which patterns use. The zero value is
// not a valid ID: [ParseStreamID] makes one. StreamIDs are comparable.
type StreamID struct{ name string }

// ParseStreamID returns the ID that s spells once white space around it is
// trimmed, or an error that says which rule s breaks.
func ParseStreamID(s string) (StreamID, error) {
	name, err := parseName("stream ID", s)
	return StreamID{name}, err
}

// MustStreamID is like [ParseStreamID] but panics on an invalid ID. It is for
// constants and tests.
func MustStreamID(s string) StreamID {
	id, err := ParseStreamID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// String returns the ID as text, "" for the zero value.
func (id StreamID) String() string { return id.name }

// IsZero says whether the ID is the invalid zero value.
func (id StreamID) IsZero() bool { return id.name == "" }

// MarshalText implements [encoding.TextMarshaler].
func (id StreamID) MarshalText() ([]byte, error) { return []byte(id.name), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] with the rules of [ParseStreamID].
func (id *StreamID) UnmarshalText(text []byte) error {
	parsed, err := ParseStreamID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// StreamPrefix selects the streams whose ID begins with it. It follows the rules
// of a [StreamID], so % and _ are ordinary characters. The zero value selects every
// stream.
type StreamPrefix struct{ name string }

// ParseStreamPrefix returns the prefix that s spells once white space around it
// is trimmed, or an error that says which rule s breaks.
func ParseStreamPrefix(s string) (StreamPrefix, error) {
	name, err := parseName("stream prefix", s)
	return StreamPrefix{name}, err
}

// String returns the prefix as text, "" for the zero value.
func (p StreamPrefix) String() string { return p.name }

// IsZero says whether the prefix selects every stream.
func (p StreamPrefix) IsZero() bool { return p.name == "" }

// Match says whether id begins with the prefix.
func (p StreamPrefix) Match(id StreamID) bool { return strings.HasPrefix(id.name, p.name) }

// parseName holds the rules that stream IDs and prefixes share. kind names the
// thing in errors.
func parseName(kind, s string) (string, error) {
	name := strings.TrimSpace(s)
	switch {
	case name == "":
		return "", fmt.Errorf("eventcore: %s %q is empty", kind, s)
	case !utf8.ValidString(name):
		return "", fmt.Errorf("eventcore: %s %q is not valid UTF-8", kind, s)
	case utf8.RuneCountInString(name) > MaxStreamIDLength:
		return "", fmt.Errorf("eventcore: %s %q has %d characters; at most %d are allowed",
			kind, name, utf8.RuneCountInString(name), MaxStreamIDLength)
	}
	// NUL is refused beside the glob characters because PostgreSQL cannot hold it in text.
	if i := strings.IndexAny(name, "*?[]\x00"); i >= 0 {
		return "", fmt.Errorf("eventcore: %s %q contains %q; *, ?, [, ] and NUL are not allowed", kind, name, name[i])
	}
	return name, nil
}

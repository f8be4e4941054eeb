package eventcore

// SubscriptionID names a reader of the global order that remembers how far it has come,
// such as a projection. It follows the rules of a [StreamID]. The zero value is not a
// valid ID: [ParseSubscriptionID] makes one. SubscriptionIDs are comparable.
type SubscriptionID struct{ name string }

// ParseSubscriptionID returns the ID that s spells once white space around it is
// trimmed, or an error that says which rule s breaks.
func ParseSubscriptionID(s string) (SubscriptionID, error) {
	name, err := parseName("subscription ID", s)
	return SubscriptionID{name}, err
}

// MustSubscriptionID is like [ParseSubscriptionID] but panics on an invalid ID. It is for
// constants and tests.
func MustSubscriptionID(s string) SubscriptionID {
	id, err := ParseSubscriptionID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// String returns the ID as text, "" for the zero value.
func (id SubscriptionID) String() string { return id.name }

// IsZero says whether the ID is the invalid zero value.
func (id SubscriptionID) IsZero() bool { return id.name == "" }

// MarshalText implements [encoding.TextMarshaler].
func (id SubscriptionID) MarshalText() ([]byte, error) { return []byte(id.name), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] with the rules of
// [ParseSubscriptionID].
func (id *SubscriptionID) UnmarshalText(text []byte) error {
	parsed, err := ParseSubscriptionID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

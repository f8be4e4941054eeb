package storetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func streamRules() []requirement {
	return []requirement{
		rule("R-STREAM-01", "an append to one stream changes no other",
			"Streams are the unit of consistency: versions that move with another stream's events make false conflicts.",
			checkIsolation),
		rule("R-STREAM-02", "a stream whose ID begins with another's is another stream",
			"A look-up by prefix mixes account-1 with account-10.",
			checkIDPrefixes),
		rule("R-STREAM-03", "stream IDs are compared character by character",
			"Collations that fold case, accents or spaces merge the streams of two customers.",
			checkIDsExact),
		rule("R-STREAM-04", "a stream ID may have 255 characters of any script",
			"A column measured in bytes cuts such IDs off, and two streams become one.",
			checkLongIDs),
		rule("R-STREAM-05", "a stream ID may have any characters that ParseStreamID lets pass",
			"IDs become file names, rows, JSON and SQL; each of them has characters that end, join or change a name.",
			checkAwkwardIDs),
	}
}

func checkIsolation(ctx context.Context, s *subject) error {
	streams := []eventcore.StreamID{id("a"), id("b"), id("c")}
	batches := make([][]sent, len(streams))
	for round := range 3 {
		for i, stream := range streams {
			n := i + 1 // so that no two streams have the same versions
			b, err := s.given(ctx, writes(stream, eventcore.Version(round*n), n))
			if err != nil {
				return err
			}
			batches[i] = append(batches[i], b)
		}
	}
	for i, stream := range streams {
		if err := s.holds(ctx, stream, batches[i]...); err != nil {
			return err
		}
	}
	return nil
}

// separate appends one event to each of the streams and looks whether it is alone.
func (s *subject) separate(ctx context.Context, names ...string) error {
	batches := make([]sent, len(names))
	for i, name := range names {
		b, err := s.given(ctx, writes(id(name), 0, 1))
		if err != nil {
			return fmt.Errorf("%w; the stream was to be empty, with others there: %q", err, names[:i])
		}
		batches[i] = b
	}
	for i, name := range names {
		if err := s.holds(ctx, id(name), batches[i]); err != nil {
			return err
		}
	}
	return nil
}

func checkIDPrefixes(ctx context.Context, s *subject) error {
	return s.separate(ctx, "account-1", "account-10", "account", "account-", "account-1/x", "1", "xaccount-1")
}

func checkIDsExact(ctx context.Context, s *subject) error {
	return s.separate(ctx,
		"straße", "STRASSE", "strasse", "Strasse", // case
		"caf\u00e9", "cafe\u0301", "cafe", // composed, decomposed, without accent
		"a b", "a  b", "ab", "a\tb", // white space inside
		"a%", "a_", "axb", `a\`, `a\b`, "a'b", `a"b`, "a/b", "a//b", "a.b", "../a", // what SQL, shells and paths make of it
		"007", "7", "7.0", "null", "ａ", "а", // numbers, full width, Cyrillic
	)
}

func checkLongIDs(ctx context.Context, s *subject) error {
	var names []string
	for _, r := range []string{"a", "é", "世", "😀"} {
		long := strings.Repeat(r, eventcore.MaxStreamIDLength-1)
		names = append(names, long+"1", long+"2", long)
	}
	return s.separate(ctx, names...)
}

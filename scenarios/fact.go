package scenarios

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// fact is what an event of these scenarios says. Which fields mean something
// depends on its type.
type fact struct {
	Type string             `json:"-"`
	N    int64              `json:"n,omitempty"`
	Ref  uint64             `json:"ref,omitempty"`
	Peer eventcore.StreamID `json:"peer,omitzero"`
}

// factCodec is the codec of facts of certain types. It writes JSON by hand: a
// command reads some twenty events, and reflection would take most of its time.
type factCodec struct {
	types []string
	// peers are those that were read, for the next facts that name them. They make the codec
	// one for the commands of one client, which come one after another.
	peers peers
}

var errNotAFact = errors.New("the payload is no fact")

// Encode implements [eventcore.Codec].
func (c *factCodec) Encode(event any) (string, json.RawMessage, error) {
	f, ok := event.(fact)
	if !ok {
		return "", nil, fmt.Errorf("scenarios: %T is no fact", event)
	}
	if !slices.Contains(c.types, f.Type) {
		return f.Type, nil, fmt.Errorf("scenarios: type %q is none of %q", f.Type, c.types)
	}
	data, err := f.appendJSON(make([]byte, 0, 64))
	return f.Type, data, err
}

// Decode implements [eventcore.Codec].
func (c *factCodec) Decode(typeName string, data json.RawMessage) (any, error) {
	f, err := c.DecodeTo(typeName, data)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// DecodeTo implements [eventcore.CodecOf].
func (c *factCodec) DecodeTo(typeName string, data json.RawMessage) (fact, error) {
	i := slices.Index(c.types, typeName)
	if i < 0 {
		return fact{}, fmt.Errorf("scenarios: type %q is none of %q", typeName, c.types)
	}
	f, err := c.peers.parse(data)
	if err != nil {
		return fact{}, err
	}
	f.Type = c.types[i]
	return f, nil
}

func (f *fact) appendJSON(b []byte) ([]byte, error) {
	b = append(b, '{')
	if f.N != 0 {
		b = append(b, `"n":`...)
		b = strconv.AppendInt(b, f.N, 10)
		b = append(b, ',')
	}
	if f.Ref != 0 {
		b = append(b, `"ref":`...)
		b = strconv.AppendUint(b, f.Ref, 10)
		b = append(b, ',')
	}
	if !f.Peer.IsZero() {
		b = append(b, `"peer":`...)
		var err error
		if b, err = appendString(b, f.Peer.String()); err != nil {
			return nil, err
		}
		b = append(b, ',')
	}
	if last := len(b) - 1; b[last] == ',' {
		b = b[:last]
	}
	return append(b, '}'), nil
}

// appendString quotes s. Names from seed files may have characters that JSON
// escapes; those that generators make have none.
func appendString(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if !plain(s[i]) {
			quoted, err := json.Marshal(s)
			return append(b, quoted...), err
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"'), nil
}

// peers are streams that facts have named.
type peers []eventcore.StreamID

// parseName returns the stream of that name. Few streams are named over and over.
func (p *peers) parseName(name []byte) (eventcore.StreamID, error) {
	for _, id := range *p {
		if id.String() == string(name) {
			return id, nil
		}
	}
	id, err := eventcore.ParseStreamID(string(name))
	if err == nil && len(*p) < maxPeers {
		*p = append(*p, id)
	}
	return id, err
}

// maxPeers is up to how many a search is faster than parsing.
const maxPeers = 16

// parse reads a fact, without its type. What the fast path does not know is left to
// encoding/json, so that both accept the same payloads.
func (p *peers) parse(data []byte) (fact, error) {
	if f, ok := p.scan(data); ok {
		return f, nil
	}
	var f fact
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return fact{}, fmt.Errorf("scenarios: %w: %w", errNotAFact, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fact{}, fmt.Errorf("scenarios: %w: there is something behind it", errNotAFact)
	}
	return f, nil
}

// scan reads a fact in the very form that appendJSON writes.
func (p *peers) scan(b []byte) (f fact, ok bool) {
	if b, ok = cut(b, "{"); !ok {
		return fact{}, false
	}
	var n uint64
	if rest, found := cut(b, `"n":`); found {
		rest, negative := cut(rest, "-")
		if n, b, ok = scanNumber(rest); !ok || n > 1<<62 {
			return fact{}, false
		}
		f.N = int64(n)
		if negative {
			f.N = -f.N
		}
	}
	if rest, found := cut(b, `"ref":`); found {
		if f.Ref, b, ok = scanNumber(rest); !ok {
			return fact{}, false
		}
	}
	if rest, found := cut(b, `"peer":"`); found {
		end := 0
		for end < len(rest) && plain(rest[end]) {
			end++
		}
		peer, err := p.parseName(rest[:end])
		if end == len(rest) || rest[end] != '"' || err != nil {
			return fact{}, false
		}
		f.Peer, b = peer, rest[end+1:]
	}
	return f, string(b) == "}"
}

// plain says whether c stands for itself in a JSON string.
func plain(c byte) bool { return ' ' <= c && c < 0x7f && c != '"' && c != '\\' }

func cut(b []byte, prefix string) ([]byte, bool) {
	if len(b) < len(prefix) || string(b[:len(prefix)]) != prefix {
		return b, false
	}
	return b[len(prefix):], true
}

// scanNumber reads digits and, where another field follows, the comma.
func scanNumber(b []byte) (n uint64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		n = n*10 + uint64(b[i]-'0')
		i++
	}
	// Twenty digits could overflow, and JSON has no leading zeros.
	if i == 0 || i > 19 || (b[0] == '0' && i > 1) || i == len(b) {
		return 0, b, false
	}
	if b[i] == ',' {
		return n, b[i+1:], i+1 < len(b) && b[i+1] == '"'
	}
	return n, b[i:], b[i] == '}'
}

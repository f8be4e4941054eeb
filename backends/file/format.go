package file

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// The versions of the format that this package writes: all files but those that settle
// forks have the first.
const (
	format      = 1
	mergeFormat = 2
)

// header is the first line of a file. Its last field, which is not here, is the SHA-256
// of the line up to it.
type header struct {
	Format      int                 `json:"format"`
	Transaction eventcore.EventID   `json:"transaction"`
	Parents     []eventcore.EventID `json:"parents"`
	// Resolves are the transactions of the fork that this one settles, sorted. Only in
	// format 2.
	Resolves  []eventcore.EventID `json:"resolves,omitempty"`
	Replica   eventcore.EventID   `json:"replica"`
	CreatedAt time.Time           `json:"created_at"`
	Streams   []base              `json:"streams"`
	Events    int                 `json:"events"`
	// Payload is the SHA-256 of all that follows the header's line, in hexadecimal.
	Payload string `json:"payload_sha256"`
}

// base is a stream that an append writes to, with the version that it extends.
type base struct {
	Stream eventcore.StreamID `json:"stream"`
	Base   eventcore.Version  `json:"base"`
	Events int                `json:"events"`
}

const (
	sealBegin = `,"header_sha256":"`
	sealEnd   = `"}`
	sealSize  = len(sealBegin) + 2*sha256.Size + len(sealEnd)
)

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// encode returns the header as a line, without its end.
func (h *header) encode() ([]byte, error) {
	line, err := marshal(h)
	if err != nil {
		return nil, err
	}
	line = line[:len(line)-1] // the closing brace
	return append(line, sealBegin+hash(line)+sealEnd...), nil
}

// decodeHeader reads the line of a header. It accepts only what encode writes.
func decodeHeader(line []byte) (header, error) {
	var h header
	if len(line) < sealSize {
		return h, &defect{what: "the header is cut off"}
	}
	at := len(line) - sealSize
	body, seal := line[:at], string(line[at:])
	if seal != sealBegin+hash(body)+sealEnd {
		return h, &defect{what: "the header does not match its hash"}
	}
	if err := json.Unmarshal(append(body[:at:at], '}'), &h); err != nil {
		return h, &defect{what: fmt.Sprintf("the header: %v", err)}
	}
	if h.Format != format && h.Format != mergeFormat {
		return h, &defect{fmt.Sprintf("it has format %d, this program knows %d and %d", h.Format, format, mergeFormat), newer}
	}
	again, err := h.encode()
	if err != nil || (h.Format == mergeFormat) != (len(h.Resolves) > 1) || h.Parents == nil || h.Streams == nil || !bytes.Equal(again, line) {
		return h, &defect{what: "the header is not as this program writes it"}
	}
	return h, nil
}

// line is an event. Raw fields stand in the line as they are; what could not, since it
// would break the line or come back changed, stands there in base 64.
type line struct {
	ID         uuid.UUID       `json:"id"`
	Stream     string          `json:"stream"`
	Type       string          `json:"type,omitempty"`
	Type64     []byte          `json:"type_base64,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
	Data64     []byte          `json:"data_base64,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	Metadata64 []byte          `json:"metadata_base64,omitempty"`
}

// appendEvent appends the line of an event, without its end.
func appendEvent(to []byte, stream eventcore.StreamID, e *eventcore.Proposed) ([]byte, error) {
	name, err := marshal(stream.String())
	if err != nil {
		return to, err
	}
	to = append(to, `{"id":"`+e.ID.String()+`","stream":`...)
	to = append(to, name...)
	if utf8.ValidString(e.Type) {
		kind, err := marshal(e.Type)
		if err != nil {
			return to, err
		}
		to = append(append(to, `,"type":`...), kind...)
	} else {
		to = appendBase64(to, "type", []byte(e.Type))
	}
	to = appendRaw(to, "data", e.Data)
	if len(e.Metadata) > 0 {
		to = appendRaw(to, "metadata", e.Metadata)
	}
	return append(to, '}'), nil
}

// appendRaw appends a field whose value is JSON.
func appendRaw(to []byte, name string, value json.RawMessage) []byte {
	if !standsInALine(value) {
		return appendBase64(to, name, value)
	}
	to = append(to, `,"`+name+`":`...)
	return append(to, value...)
}

func appendBase64(to []byte, name string, value []byte) []byte {
	to = append(to, `,"`+name+`_base64":"`...)
	to = base64.StdEncoding.AppendEncode(to, value)
	return append(to, '"')
}

// deepest is how deep JSON may be nested that stands in a line. Package json reads 10,000
// levels, of which the line itself is one; other programs give up much earlier.
const deepest = 100

// standsInALine says whether JSON comes back the same when it is part of a line.
func standsInALine(value json.RawMessage) bool {
	const space = " \t"
	return len(value) > 0 && !bytes.ContainsAny(value, "\r\n") && utf8.Valid(value) &&
		!bytes.ContainsRune([]byte(space), rune(value[0])) && !bytes.ContainsRune([]byte(space), rune(value[len(value)-1])) &&
		!deeper(value, deepest)
}

// deeper says whether valid JSON is nested deeper than levels.
func deeper(value []byte, levels int) bool {
	if bytes.Count(value, []byte("{"))+bytes.Count(value, []byte("[")) <= levels {
		return false // as nearly all are
	}
	depth, inString := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			i++
		case inString:
		case c == '{', c == '[':
			if depth++; depth > levels {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

// decodeLine reads the line of an event.
func decodeLine(text []byte) (line, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return l, err
	}
	if l.Type64 != nil {
		l.Type = string(l.Type64)
	}
	if l.Data64 != nil {
		l.Data = l.Data64
	}
	if l.Metadata64 != nil {
		l.Metadata = l.Metadata64
	}
	if l.Type == "" || len(l.Data) == 0 || l.Stream == "" || l.ID == uuid.Nil {
		return l, errors.New("the event lacks its ID, stream, type or data")
	}
	return l, nil
}

// marshal is json.Marshal for people to read: it leaves <, > and & as they are.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

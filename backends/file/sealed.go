package file

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	stateSeal     = `,"sha256":"`
	stateSealEnd  = "\"}\n"
	stateSealSize = len(stateSeal) + 2*sha256.Size + len(stateSealEnd)
)

// sealed returns a line with the fields of a struct and the SHA-256 of them.
func sealed(value any) ([]byte, error) {
	line, err := marshal(value)
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(line, []byte("}"))
	return append(line, stateSeal+hash(line)+stateSealEnd...), nil
}

// unsealed reads what sealed has written.
func unsealed(line []byte, into any) error {
	at := len(line) - stateSealSize
	if at < 0 || string(line[at:]) != stateSeal+hash(line[:at])+stateSealEnd {
		return errors.New("it does not match its hash: it was changed or cut off")
	}
	if err := json.Unmarshal(append(line[:at:at], '}'), into); err != nil {
		return fmt.Errorf("it cannot be read: %w", err)
	}
	return nil
}

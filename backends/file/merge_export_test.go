package file

import (
	"bytes"
	"os"
	"testing"
)

// Reheaded returns the content of a file with another header, whose hash fits.
func Reheaded(t *testing.T, name, before, after string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	first, payload, _ := bytes.Cut(content, []byte("\n"))
	body := bytes.Replace(first[:len(first)-sealSize], []byte(before), []byte(after), 1)
	if bytes.Equal(body, first[:len(first)-sealSize]) {
		t.Fatalf("%q is not in %s", before, first)
	}
	body = append(body, sealBegin+hash(body)+sealEnd+"\n"...)
	return append(body, payload...)
}

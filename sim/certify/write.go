package certify

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
)

// WriteJSON writes the certificate for programs.
func (c *Certificate) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(c)
}

// The elements of JUnit XML that build servers read.
type (
	junitSuite struct {
		XMLName    xml.Name        `xml:"testsuite"`
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the certificate as a test suite of JUnit, with a case for each
// requirement. What was not certified is a case that was skipped.
func (c *Certificate) WriteJUnit(w io.Writer) error {
	counts := c.Count()
	suite := junitSuite{
		Name: "certificate of " + c.Backend.Name, Tests: len(c.Requirements),
		Failures: counts[Failed], Skipped: counts[NotCertified], Time: fmt.Sprintf("%.3f", c.Seconds),
		Properties: []junitProperty{
			{"level", string(c.Level)},
			{"backend", c.Backend.Module + " " + c.Backend.Version},
			{"harness", c.Harness.Module + " " + c.Harness.Version},
			{"go", c.Go + " " + c.Platform},
		},
	}
	for i := range c.Requirements {
		r := &c.Requirements[i]
		test := junitCase{Class: c.Backend.Name + "." + string(r.Level), Name: r.ID + ": " + r.Rule}
		switch r.Status {
		case Failed:
			test.Failure = &junitMessage{Message: r.Reason, Text: r.SeedFile}
		case Passed:
		default:
			test.Skipped = &junitMessage{Message: "not certified: " + r.Reason}
		}
		suite.Cases = append(suite.Cases, test)
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return fmt.Errorf("certify: write JUnit XML: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

// Save writes the three forms into the folder dir, which it makes: NAME.txt, NAME.json and
// NAME.xml, with the backend's name. It returns the path of the first.
func (c *Certificate) Save(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", fmt.Errorf("certify: %w", err)
	}
	base := filepath.Join(dir, regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(c.Backend.Name, "-"))
	for ending, write := range map[string]func(io.Writer) error{".txt": c.WriteText, ".json": c.WriteJSON, ".xml": c.WriteJUnit} {
		if err := save(base+ending, write); err != nil {
			return "", fmt.Errorf("certify: %w", err)
		}
	}
	return base + ".txt", nil
}

func save(path string, write func(io.Writer) error) error {
	f, err := os.Create(path) //nolint:gosec // the caller says where
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

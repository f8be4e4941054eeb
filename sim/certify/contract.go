package certify

import (
	"fmt"
	"io"
	"strings"
)

// WriteContract writes the numbered list of all requirements, docs/contract.md, as Markdown.
func WriteContract(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# The contract

What a store must do, as a numbered list of requirements, each with its reason and the check that
proves it. The list is written from the code (` + "`go test ./sim/certify -run TestContract -update`" + `), and a test
compares the two. The doc comments of package ` + "`eventcore`" + ` say the same in the words of its interfaces.

A certificate says of each requirement that it *passed*, *failed*, or was *not certified*, with the
reason. A level is reached when all requirements of it and of the levels before it passed, but for those
that need an ability which the store does not have; the certificate names these abilities beside the level.

| level | what it proves |
|---|---|
`)
	for _, l := range Levels() {
		fmt.Fprintf(&b, "| %s | %s |\n", l, l.Meaning())
	}
	number, group := 0, ""
	for _, r := range Requirements() {
		if g := r.ID[:strings.LastIndexByte(r.ID, '-')]; g != group {
			group = g
			fmt.Fprintf(&b, "\n## %s\n\n", group)
		}
		number++
		needs := make([]string, len(r.Needs))
		for i, a := range r.Needs {
			needs[i] = string(a)
		}
		fmt.Fprintf(&b, "%d. **%s** (%s) %s.  \n   Why: %s  \n   Checked by: %s", number, r.ID, r.Level, r.Rule, r.Why, r.Check)
		if r.phase == phaseContract {
			fmt.Fprintf(&b, ", as `TestCertify/contract/%s`", r.ID)
		}
		if len(needs) > 0 {
			fmt.Fprintf(&b, "  \n   Needs: %s", strings.Join(needs, ", "))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

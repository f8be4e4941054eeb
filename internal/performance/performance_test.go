package performance_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var write = flag.Bool("performance.write", false, "measure at length and write docs/performance.md")

// extent says how much is measured.
type extent struct {
	// budget is the time for a cell that has no end of its own.
	budget time.Duration
	// longest is the number of operations of the longest run.
	longest int
	// largest is the number of events of the largest store.
	largest int
	// calls is the number of calls that a median is of.
	calls int
	// trials is how often each bug is looked for, and search for how long.
	trials int
	search time.Duration
	// porcupine is the time that porcupine gets.
	porcupine time.Duration
}

func TestPerformance(t *testing.T) {
	if testing.Short() {
		t.Skip("measures the speed of what other tests check")
	}
	e := extent{budget: 30 * time.Millisecond, longest: 1000, largest: 100, calls: 20, trials: 1, search: 10 * time.Second, porcupine: time.Second}
	if *write {
		e = extent{budget: 2 * time.Second, longest: 1_000_000, largest: 10_000_000, calls: 500, trials: 5, search: 2 * time.Second, porcupine: 20 * time.Second}
	}
	// As simrun does.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	for _, part := range []struct {
		name    string
		measure func(*testing.T, extent) section
	}{
		{"throughput", throughput}, {"layers", layers}, {"growth", growth}, {"sizes", sizes}, {"shrinking", shrinking}, {"alternatives", alternatives},
	} {
		t.Run(part.name, func(t *testing.T) {
			s := part.measure(t, e)
			require.NotEmpty(t, s.rows)
			text := &bytes.Buffer{}
			s.writeTo(text)
			if *write {
				putIn(t, filepath.Join("..", "..", "docs", "performance.md"), s.title, text.String())
			}
		})
	}
}

// titles are those of the sections, in the order of the page.
func titles() []string {
	return []string{
		"Throughput", "What each layer costs", "Growth with the length of a run", "Growth with the size of a store", "Shrinking",
		"Beside the alternatives",
	}
}

// putIn puts a section into the page, in place of the one of that title. So what takes long
// can be measured section by section.
func putIn(t *testing.T, path, title, text string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	require.Contains(t, titles(), title)
	sections := map[string]string{title: text}
	for _, part := range strings.Split(string(old), "\n## ")[1:] {
		name, _, _ := strings.Cut(part, "\n")
		if name != title {
			sections[name] = "\n## " + strings.TrimRight(part, "\n") + "\n"
		}
	}
	page := fmt.Sprintf("# Speed of the harness\n\nWritten by `go test ./internal/performance -performance.write -timeout 60m`, or section by section with `-run`; do not edit.\n\n"+
		"%s, %s, %d processors, GOGC=400.\n", runtime.Version(), processor(), runtime.NumCPU())
	for _, name := range titles() {
		page += sections[name]
	}
	require.NoError(t, os.WriteFile(path, []byte(page), 0o644))
}

// processor returns what the processor says of itself.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(info)) {
		if name, found := strings.CutPrefix(line, "model name"); found {
			return strings.Trim(name, "\t :\n")
		}
	}
	return runtime.GOARCH
}

// section is a table and what is to be said of it.
type section struct {
	title, before string
	header        []string
	rows          [][]string
	after         string
}

func (s *section) add(cells ...string) { s.rows = append(s.rows, cells) }

func (s *section) writeTo(page *bytes.Buffer) {
	fmt.Fprintf(page, "\n## %s\n\n%s\n\n", s.title, s.before)
	fmt.Fprintf(page, "| %s |\n|%s\n", strings.Join(s.header, " | "), strings.Repeat("---|", len(s.header)))
	for _, row := range s.rows {
		fmt.Fprintf(page, "| %s |\n", strings.Join(row, " | "))
	}
	if s.after != "" {
		fmt.Fprintf(page, "\n%s\n", s.after)
	}
}

// rate returns so many in that time as a number a second, with two digits that count.
func rate(n int, took time.Duration) string {
	return number(float64(n) / took.Seconds())
}

// number returns a number with two digits that count, and thousands apart.
func number(f float64) string {
	switch {
	case f < 10:
		return fmt.Sprintf("%.1f", f)
	case f < 1000:
		return fmt.Sprintf("%.0f", f)
	}
	digits := fmt.Sprintf("%.0f", f)
	return apart(digits[:2] + strings.Repeat("0", len(digits)-2))
}

// count returns a whole number with its thousands apart.
func count(n int) string { return apart(strconv.Itoa(n)) }

// apart sets thousands apart.
func apart(digits string) string {
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// duration returns a time with two digits that count.
func duration(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		if d >= unit.of {
			return number(float64(d)/float64(unit.of)) + " " + unit.name
		}
	}
	return fmt.Sprintf("%d ns", d.Nanoseconds())
}

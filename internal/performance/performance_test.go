package performance_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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
	page := &bytes.Buffer{}
	fmt.Fprintf(page, "# Speed of the harness\n\nWritten by `go test ./internal/performance -performance.write -timeout 30m`; do not edit.\n\n"+
		"%s, %s, %d processors.\n", runtime.Version(), processor(), runtime.NumCPU())
	for _, part := range []func(*testing.T, extent) section{throughput, layers, growth, sizes, shrinking, alternatives} {
		began := time.Now()
		s := part(t, e)
		t.Logf("%s took %v", s.title, time.Since(began))
		require.NotEmpty(t, s.rows, s.title)
		s.writeTo(page)
	}
	if *write {
		require.NoError(t, os.WriteFile(filepath.Join("..", "..", "docs", "performance.md"), page.Bytes(), 0o644))
	}
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
	rounded := digits[:2] + strings.Repeat("0", len(digits)-2)
	var b strings.Builder
	for i, digit := range rounded {
		if i > 0 && (len(rounded)-i)%3 == 0 {
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

package report

import (
	"fmt"
	"slices"
	"strings"
)

// draw writes the lanes, block by block where they are longer than a line.
func (t *timeline) draw(b *strings.Builder) {
	rows := t.rows()
	room := timelineWidth - laneName - 4
	var blocks []int
	for from := 0; from < t.width; from += room {
		blocks = append(blocks, from)
	}
	shown := blocks
	if len(blocks) > maxBlocks {
		// What proves the finding is shown, and what comes before it.
		last := 0
		for _, iv := range t.intervals {
			if iv.proves {
				last = max(last, iv.to/room)
			}
		}
		first := max(0, last+1-maxBlocks)
		shown = blocks[first:min(len(blocks), first+maxBlocks)]
	}
	if shown[0] > 0 {
		fmt.Fprintf(b, "    (begins at part %d of %d)\n", shown[0]/room+1, len(blocks))
	}
	for i, from := range shown {
		if i > 0 {
			b.WriteString("\n")
		}
		for lane, row := range rows {
			line := strings.TrimRight(string(row[from:min(t.width, from+room)]), " ")
			fmt.Fprintf(b, "    %s\n", strings.TrimRight(fmt.Sprintf("%-*s%s", laneName, t.lanes[lane], line), " "))
		}
	}
	if rest := len(blocks) - shown[0]/room - len(shown); rest > 0 {
		fmt.Fprintf(b, "    (and %d more parts)\n", rest)
	}
}

// rows draws each lane into a row of its own.
func (t *timeline) rows() [][]byte {
	rows := make([][]byte, len(t.lanes))
	for i := range rows {
		rows[i] = []byte(strings.Repeat(" ", t.width))
	}
	for _, m := range t.marks {
		for i := range rows {
			if m.lane < 0 {
				rows[i][m.col] = 'X'
			}
		}
	}
	for i := range t.intervals {
		iv := &t.intervals[i]
		row, line := rows[iv.lane], byte('-')
		if iv.proves {
			line = '='
		}
		for col := iv.from; col <= iv.to; col++ {
			if row[col] == ' ' {
				row[col] = line
			}
		}
		row[iv.from], row[iv.to] = '|', '|'
		copy(row[iv.from+(iv.to-iv.from+1-len(iv.label)+1)/2:], iv.label)
	}
	for _, m := range t.marks {
		if m.lane >= 0 {
			rows[m.lane][m.col] = '!'
		}
	}
	return rows
}

// list writes what the numbers stand for: all, or where they are many, what proves the
// finding.
func (t *timeline) list(b *strings.Builder) {
	listed, proves := t.intervals, func(iv interval) bool { return iv.proves }
	if len(listed) > maxListed && slices.ContainsFunc(listed, proves) {
		listed = slices.DeleteFunc(slices.Clone(listed), func(iv interval) bool { return !iv.proves })
	}
	left := len(t.intervals) - min(len(listed), maxListed)
	for _, iv := range listed[:min(len(listed), maxListed)] {
		sign := " "
		if iv.proves {
			sign = "*"
		}
		fmt.Fprintf(b, "   %s%3s %s\n", sign, iv.label, fit(iv.text, timelineWidth-8))
	}
	if left > 0 {
		fmt.Fprintf(b, "        and %d more\n", left)
	}
}

// fit cuts a line to a number of columns.
func fit(s string, columns int) string {
	line, _, _ := strings.Cut(s, "\n")
	if runes := []rune(line); len(runes) > columns {
		return string(runes[:columns-2]) + " …"
	}
	return line
}

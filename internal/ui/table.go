package ui

import (
	"io"
	"strings"
)

// Cell is one field of a [Table]. Its text is escaped when it is written.
type Cell struct {
	Text string
	Tone Tone
}

// Cells makes a row of plain cells.
func Cells(texts ...string) []Cell {
	row := make([]Cell, len(texts))
	for i, t := range texts {
		row[i].Text = t
	}
	return row
}

// Table is rows under headings, in columns as wide as their widest cell and
// three blanks apart, as kubectl's are. Text/tabwriter is not used since it
// counts colours as text.
type Table struct {
	Header []string // none is written if empty
	Rows   [][]Cell // may have fewer cells than the header
}

// Write writes the table with no blanks at the ends of lines.
func (t *Table) Write(w io.Writer, s Style) error {
	rows := t.Rows
	if len(t.Header) > 0 {
		rows = append([][]Cell{Cells(t.Header...)}, rows...)
	}
	var widths []int
	for _, row := range rows {
		for len(widths) < len(row) {
			widths = append(widths, 0)
		}
		for i, c := range row {
			widths[i] = max(widths[i], cells(oneLine(c.Text)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		blanks := 0 // owed before the next cell that holds something
		for i, c := range row {
			text := oneLine(c.Text)
			if text != "" {
				b.WriteString(strings.Repeat(" ", blanks) + s.Paint(c.Tone, text))
				blanks = 0
			}
			blanks += widths[i] - cells(text) + 3
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

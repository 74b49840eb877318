package ui

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Sight is how one cluster sees another.
type Sight string

// Values of [Sight].
const (
	Connected     Sight = "connected" // and everything is synced
	Degraded      Sight = "degraded"  // some of the observers see it, or not all is synced
	Down          Sight = "down"
	NotConfigured Sight = "not configured"
	Unknown       Sight = "unknown" // nobody could be asked
	Self          Sight = ""        // the diagonal
)

// MatrixCell is what the row's cluster sees of the column's.
type MatrixCell struct {
	State Sight
	// Text is a detail worth reading, as "2 of 3 agents: connection refused".
	// It is listed below the matrix.
	Text string
}

// Matrix shows who sees whom. Cell[i][j] is what Names[i] sees of Names[j].
type Matrix struct {
	Names []string
	Cell  [][]MatrixCell
}

// maxNamedColumns is the number of clusters up to which columns carry names;
// above, they carry the rows' numbers.
const maxNamedColumns = 8

// Write draws the matrix, a legend of the symbols in it and the details. At
// more than eight clusters, or if names make it wider than width columns (0:
// no limit), the columns carry the numbers of the rows.
func (m *Matrix) Write(w io.Writer, s Style, width int) error {
	numbered := len(m.Names) > maxNamedColumns || width > 0 && m.namedWidth() > width
	if err := m.table(s, numbered).Write(w, s); err != nil {
		return err
	}
	var b strings.Builder
	if l := m.legend(s); l != "" {
		b.WriteString("\n" + l + "\n")
	}
	if d := m.details(s); len(d) > 0 {
		b.WriteString("\n" + strings.Join(d, "\n") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// namedWidth is the width of the table with names over the columns.
func (m *Matrix) namedWidth() int {
	first, sum := cells(m.corner()), 0
	for _, n := range m.Names {
		c := cells(oneLine(n))
		first = max(first, c)
		sum += 3 + c
	}
	return first + sum
}

// corner says how to read the table.
func (m *Matrix) corner() string { return "ROW SEES COLUMN" }

func (m *Matrix) table(s Style, numbered bool) *Table {
	t := &Table{Header: []string{m.corner()}}
	if numbered {
		t.Header = []string{"#", m.corner()}
	}
	for i, name := range m.Names {
		head, row := name, Cells(name)
		if numbered {
			head, row = strconv.Itoa(i+1), Cells(strconv.Itoa(i+1), name)
		}
		t.Header = append(t.Header, head)
		for j := range m.Names {
			symbol, tone := s.sight(m.at(i, j).State)
			row = append(row, Cell{symbol, tone})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// at returns a cell; one that was not filled in is not known.
func (m *Matrix) at(i, j int) MatrixCell {
	if i == j {
		return MatrixCell{}
	}
	if i >= len(m.Cell) || j >= len(m.Cell[i]) || m.Cell[i][j].State == Self {
		return MatrixCell{State: Unknown}
	}
	return m.Cell[i][j]
}

// sight returns a state's symbol and tone.
func (s Style) sight(state Sight) (string, Tone) {
	switch state {
	case Self:
		return "-", Dim
	case Connected:
		return s.pick("✓", "ok"), Good
	case Degraded:
		return "~", Warn
	case Down:
		return s.pick("✗", "x"), Bad
	case NotConfigured:
		return s.pick("·", "."), Dim
	default:
		return "?", Warn
	}
}

// legend explains the symbols that are there.
func (m *Matrix) legend(s Style) string {
	var there []Sight
	for i := range m.Names {
		for j := range m.Names {
			there = append(there, m.at(i, j).State)
		}
	}
	var parts []string
	for _, state := range []Sight{Connected, Degraded, Down, NotConfigured, Unknown} {
		if slices.Contains(there, state) {
			symbol, tone := s.sight(state)
			meaning := string(state)
			if state == Connected {
				meaning = "connected and synced"
			}
			parts = append(parts, s.Paint(tone, symbol)+" "+meaning)
		}
	}
	return strings.Join(parts, "   ")
}

// details lists the cells' texts. Where a row says the same of several
// clusters, they share a line.
func (m *Matrix) details(s Style) []string {
	var lines []string
	for i, from := range m.Names {
		var order []MatrixCell
		to := map[MatrixCell][]string{}
		for j, name := range m.Names {
			c := m.at(i, j)
			if c.Text == "" {
				continue
			}
			if to[c] == nil {
				order = append(order, c)
			}
			to[c] = append(to[c], oneLine(name))
		}
		for _, c := range order {
			symbol, tone := s.sight(c.State)
			lines = append(lines, fmt.Sprintf("%s %s %s %s: %s", s.Paint(tone, symbol), oneLine(from),
				s.pick("→", "->"), strings.Join(to[c], ", "), oneLine(c.Text)))
		}
	}
	return lines
}

package ui

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// screen is a terminal that knows the escape codes that a live block may use,
// wraps long lines and, like most terminals, wraps them anew when it is resized.
type screen struct {
	t      *testing.T
	mu     sync.Mutex
	lines  [][]rune // as written, before wrapping
	row    int      // in lines
	col    int
	width  int
	height int
	writes int
}

func newScreen(t *testing.T, width, height int) *screen {
	return &screen{t: t, width: width, height: height, lines: [][]rune{nil}}
}

func (s *screen) size() (int, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.width, s.height
}

func (s *screen) resize(width, height int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.width, s.height = width, height
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, l := range s.lines {
		b.WriteString(string(l) + "\n")
	}
	return b.String()
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	for rest := []rune(string(p)); len(rest) > 0; {
		rest = s.take(rest)
	}
	return len(p), nil
}

// take carries out the first character or escape code.
func (s *screen) take(in []rune) []rune {
	switch in[0] {
	case '\r':
		s.col = 0
	case '\n':
		s.row++
		if s.row == len(s.lines) {
			s.lines = append(s.lines, nil)
		}
	case '\x1b':
		var code string
		for i, r := range in[1:] {
			code += string(r)
			if i > 0 && r >= '@' {
				break
			}
		}
		s.escape(code)
		return in[1+len(code):]
	default:
		for len(s.lines[s.row]) <= s.col {
			s.lines[s.row] = append(s.lines[s.row], ' ')
		}
		s.lines[s.row][s.col] = in[0]
		s.col++
	}
	return in[1:]
}

func (s *screen) escape(code string) {
	var n int
	switch {
	case code == "[K" || code == "[J":
		s.lines[s.row] = s.lines[s.row][:min(s.col, len(s.lines[s.row]))]
		if code == "[J" {
			s.lines = s.lines[:s.row+1]
		}
	case strings.HasSuffix(code, "m"): // colours
	case strings.HasSuffix(code, "A"):
		if _, err := fmt.Sscanf(code, "[%dA", &n); err != nil {
			s.t.Errorf("escape code %q", code)
		}
		for n > 0 && s.row > 0 {
			s.row--
			n -= max(1, (len(s.lines[s.row])+s.width-1)/s.width)
		}
		if n != 0 {
			s.t.Errorf("the cursor went %d rows too far or into a wrapped line", n)
		}
	default:
		s.t.Errorf("unknown escape code %q", code)
	}
}

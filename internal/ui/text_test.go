package ui

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"
)

func TestShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 999 * time.Millisecond: "0s", 59*time.Second + 999*time.Millisecond: "59s",
		63 * time.Second: "1m03s", time.Hour - time.Second: "59m59s", 125 * time.Minute: "2h05m",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestLineFits(t *testing.T) {
	t.Parallel()
	s := Style{Unicode: true}
	parts := []Cell{{Text: "name"}, {Text: "  "}, {Text: "日本語"}}
	for width, want := range map[int]string{
		0: "", 1: "…", 4: "nam…", 5: "name…", 6: "name…", 9: "name  日…", 11: "name  日本…", 12: "name  日本語", 99: "name  日本語",
	} {
		if got := s.line(parts, width); got != want || cells(got) > width {
			t.Errorf("at %d: %q, want %q", width, got, want)
		}
	}
}

func FuzzOneLine(f *testing.F) {
	for _, s := range []string{"", "a\nb", evil, "\r\x00\x7f\xff", "\u2066x\u2069", "\u0085\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := oneLine(s)
		if i := strings.IndexFunc(got, unicode.IsControl); i >= 0 {
			t.Errorf("%q has a control character at %d", got, i)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }) {
			t.Errorf("%q turns the direction of reading", got)
		}
	})
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]bool{"C.UTF-8": true, "de_DE.utf8": true, "C": false, "": false} {
		if got := Detect(&bytes.Buffer{}, env(map[string]string{"LANG": locale})); got.Live || got.Color || got.Unicode != want {
			t.Errorf("LANG=%s: %+v", locale, got)
		}
	}
	got := Detect(&bytes.Buffer{}, env(map[string]string{"LC_ALL": "C", "LC_CTYPE": "C.UTF-8", "LANG": "C.UTF-8"}))
	if got.Unicode {
		t.Error("LC_ALL does not come first")
	}
}

func TestNewStyle(t *testing.T) {
	t.Parallel()
	tests := []struct {
		terminal, want bool
		mode           ColorMode
	}{
		{true, true, ColorAuto}, {false, false, ColorAuto}, {false, true, ColorAlways}, {true, false, ColorNever},
	}
	for _, tt := range tests {
		if got := NewStyle(Terminal{Color: tt.terminal}, tt.mode); got.Color != tt.want {
			t.Errorf("%+v: %+v", tt, got)
		}
	}
}

func TestFlagValues(t *testing.T) {
	t.Parallel()
	c, p := ColorAuto, ProgressAuto
	if err := c.Set("never"); err != nil || c.String() != "never" {
		t.Errorf("color: %s, %v", c, err)
	}
	if err := p.Set("json"); err != nil || p.String() != "json" {
		t.Errorf("progress: %s, %v", p, err)
	}
	for _, err := range []error{c.Set("red"), p.Set("")} {
		if err == nil || !strings.HasPrefix(err.Error(), "must be auto|") {
			t.Errorf("error = %v", err)
		}
	}
	if c != ColorNever || p != ProgressJSON {
		t.Error("a wrong value was taken")
	}
}

package ui

// Tone is what a piece of text means, shown as a colour where there are any.
type Tone int

// Tones.
const (
	Normal Tone = iota
	Good
	Warn
	Bad
	Dim
	Bold
)

// Style says how to draw: with colours or not, with Unicode symbols or ASCII.
// Its zero value is plain ASCII.
type Style struct {
	Color   bool
	Unicode bool
}

// NewStyle is the style for a terminal (or what is not one) and the user's wish.
func NewStyle(t Terminal, m ColorMode) Style {
	color := t.Color
	switch m {
	case ColorAlways:
		color = true
	case ColorNever:
		color = false
	}
	return Style{Color: color, Unicode: t.Unicode}
}

// Paint colours text, which must be free of escape codes already.
func (s Style) Paint(t Tone, text string) string {
	if !s.Color || t == Normal || text == "" {
		return text
	}
	return sgr(t) + text + "\x1b[0m"
}

// sgr returns the escape code that switches a tone on. Only the eight basic
// colours are used: they are the ones users adapt to their background.
func sgr(t Tone) string {
	switch t {
	case Good:
		return "\x1b[32m"
	case Warn:
		return "\x1b[33m"
	case Bad:
		return "\x1b[31m"
	case Dim:
		return "\x1b[2m"
	case Bold:
		return "\x1b[1m"
	default:
		return ""
	}
}

// pick returns the symbol that the locale can show.
func (s Style) pick(unicode, ascii string) string {
	if s.Unicode {
		return unicode
	}
	return ascii
}

func (s Style) ellipsis() string { return s.pick("…", "...") }

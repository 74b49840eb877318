package picture

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// cleaned is a copy whose texts, which come from clusters, are harmless and
// legal in XML: one line each, without control characters and without what
// turns the direction of reading.
func (m *Mesh) cleaned() *Mesh {
	out := clean(reflect.ValueOf(*m)).Interface().(Mesh)
	return &out
}

// clean copies a value deeply. Walking over all of it leaves no text out.
func clean(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(oneLine(v.String()))
	case reflect.Slice:
		if v.IsNil() {
			return out
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(clean(v.Index(i)))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(clean(v.Elem()))
		}
	case reflect.Struct:
		out.Set(v) // time.Time has fields that cannot be set
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(clean(v.Field(i)))
			}
		}
	default:
		out.Set(v)
	}
	return out
}

func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == 0xFFFE, r == 0xFFFF:
			return unicode.ReplacementChar
		default:
			return r
		}
	}, text)
	return strings.TrimSpace(text)
}

// textWidth estimates how wide a text is, in the units of its size. It is
// rather too wide than too narrow: readers have different fonts.
func textWidth(text string, size float64, bold bool) float64 {
	width := 0.0
	for _, r := range text {
		width += runeWidth(r)
	}
	if bold {
		width *= 1.12
	}
	return width * size
}

// runeWidth is a rune's width in parts of the font's size, after DejaVu Sans,
// which is wider than most.
func runeWidth(r rune) float64 {
	const narrow, usual, broad, full = 0.4, 0.64, 0.99, 1.1
	switch {
	case strings.ContainsRune("ijlft.,:;'|!()[]/ -IrJ", r):
		return narrow
	case strings.ContainsRune("mwMW@%&<>=+~#OQGDHNU", r):
		return broad
	case r < utf8.RuneSelf && unicode.IsUpper(r):
		return 0.76
	case r < utf8.RuneSelf:
		return usual
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case (&runewidth.Condition{EastAsianWidth: true}).RuneWidth(r) > 1:
		return full
	default:
		return 0.85
	}
}

// shorten cuts a text in its middle until it fits: names of clusters often
// differ at their ends.
func shorten(text string, size float64, bold bool, width float64) string {
	if textWidth(text, size, bold) <= width {
		return text
	}
	runes := []rune(text)
	const most = 200 // no box has room for more
	if len(runes) > most {
		runes = slices.Concat(runes[:most/2], runes[len(runes)-most/2:])
	}
	for keep := len(runes) - 1; keep > 1; keep-- {
		head := (keep + 1) / 2
		short := string(runes[:head]) + "…" + string(runes[len(runes)-(keep-head):])
		if textWidth(short, size, bold) <= width {
			return short
		}
	}
	return "…"
}

func counted(n, of int) string {
	if n == of {
		return "all " + plural(of, "other")
	}
	return fmt.Sprintf("%d of %s", n, plural(of, "other"))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// some shows a few of a list.
func some(list []string, most int) string {
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}

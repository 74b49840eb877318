package ui

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"
)

// LookupEnv reads the environment, as [os.LookupEnv] does.
type LookupEnv func(key string) (string, bool)

// Terminal says what the receiver of a stream can show.
type Terminal struct {
	// Live is true if the receiver understands escape codes, so that lines can be redrawn.
	Live bool
	// Color is true if colours are welcome unless the user says otherwise.
	Color bool
	// Unicode is true if the locale's encoding is UTF-8.
	Unicode bool
	// Size returns columns and rows as they are at this moment. Nil if not Live.
	Size func() (width, height int)
}

// Detect finds out what stands behind a stream, usually a program's stdout or
// stderr. Colours follow https://no-color.org; TERM=dumb has no escape codes.
func Detect(stream any, env LookupEnv) Terminal {
	t := Terminal{Unicode: isUnicode(env)}
	if !IsTerminal(stream) || value(env, "TERM") == "dumb" {
		return t
	}
	// Consoles before Windows Terminal show escape codes as garbage.
	if runtime.GOOS == "windows" && value(env, "WT_SESSION") == "" {
		return t
	}
	t.Live = true
	t.Color = value(env, "NO_COLOR") == ""
	t.Size = func() (int, int) { return size(stream) }
	return t
}

// IsTerminal says whether a stream is a terminal. Only an [os.File] can be one.
func IsTerminal(stream any) bool {
	is := false
	control(stream, func(fd int) { is = term.IsTerminal(fd) })
	return is
}

// size returns columns and rows, 80 x 24 if the terminal does not tell.
func size(stream any) (width, height int) {
	control(stream, func(fd int) {
		if w, h, err := term.GetSize(fd); err == nil {
			width, height = w, h
		}
	})
	if width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// control calls f with the stream's descriptor. It does not use File.Fd, which
// would make the file blocking and reads from it impossible to cancel.
func control(stream any, f func(fd int)) {
	file, ok := stream.(*os.File)
	if !ok || file == nil {
		return
	}
	raw, err := file.SyscallConn()
	if err != nil { // closed
		return
	}
	_ = raw.Control(func(fd uintptr) { f(int(fd)) }) // fails only for a closed file
}

// isUnicode reads the locale by POSIX's order of precedence.
func isUnicode(env LookupEnv) bool {
	for _, key := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := value(env, key); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return runtime.GOOS == "windows" && value(env, "WT_SESSION") != ""
}

func value(env LookupEnv, key string) string {
	v, _ := env(key)
	return v
}

// ColorMode is the value of a --color flag. It implements pflag.Value.
type ColorMode string

// Values of [ColorMode].
const (
	ColorAuto   ColorMode = "auto" // on terminals, without NO_COLOR
	ColorAlways ColorMode = "always"
	ColorNever  ColorMode = "never"
)

// String returns the mode.
func (m *ColorMode) String() string { return string(*m) }

// Type names the values for help texts.
func (m *ColorMode) Type() string { return "auto|always|never" }

// Set takes a mode from the command line.
func (m *ColorMode) Set(s string) error {
	switch v := ColorMode(s); v {
	case ColorAuto, ColorAlways, ColorNever:
		*m = v
		return nil
	default:
		return fmt.Errorf("must be %s", m.Type())
	}
}

package export

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
)

// mark is what the first line of every file begins with, after the sign of a
// comment. The hash behind it is that of the rest, so that a file which
// somebody has edited since is told from one that may be written again.
const mark = "written by kubectl aksmesh, sha256 "

// marked is the content with its first line.
func marked(name string, content []byte) []byte {
	before, after := "# ", ""
	if strings.EqualFold(path.Ext(name), ".md") {
		before, after = "<!-- ", " -->"
	}
	return append([]byte(before+mark+digest(content)+after+"\n"), content...)
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// untouched says whether a file is one that this package wrote, and that
// nobody has changed since.
func untouched(text []byte) bool {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) // as Git may check it out
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	_, sum, ok := strings.Cut(string(first), mark)
	return ok && strings.TrimSuffix(sum, " -->") == digest(rest)
}

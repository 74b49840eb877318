package chart

import (
	"embed"
	"io/fs"
)

// files has README.md, and the archive if there was one at build time. The
// pattern is odd because a pattern must match something, and must not match
// this folder's Go files.
//
//go:embed *.[mt]*
var files embed.FS

func builtIn() fs.FS { return files }

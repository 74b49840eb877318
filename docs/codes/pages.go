// Package codes holds the pages of all findings, one of Markdown for each
// code, so that they are read on the web and built into the binary from one
// place. Package diagnose says which codes there are.
package codes

import "embed"

// Pages holds AKSM101.md and so on.
//
//go:embed *.md
var Pages embed.FS

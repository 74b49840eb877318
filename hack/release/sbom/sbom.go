// Package sbom writes down what programs in an archive were made from: as an
// SPDX 2.3 document, from what the Go toolchain notes in every program. The
// same archive gives the same document, byte for byte.
package sbom

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Options are what an archive does not tell.
type Options struct {
	// Created is the document's time: that of the commit, for reproducibility.
	Created time.Time
	// Version is the programs'. Builds without a stamp of the working tree, as
	// releases are, do not tell it.
	Version string
	// Supplier makes the programs, as SPDX writes it: "Organization: NAME".
	Supplier string
	// Namespace is an address that the document's own begins with.
	Namespace string
	// Extra are things in the programs that are no Go modules.
	Extra []Package
}

// ForArchive describes a .tar.gz or a .zip with at least one Go program.
func ForArchive(file string, options Options) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	programs, err := programs(file, data)
	if err != nil {
		return nil, fmt.Errorf("archive %s: %w", file, err)
	}
	sum := sha256.Sum256(data)
	d := newDocument(filepath.Base(file), hex.EncodeToString(sum[:]), options)
	for _, p := range programs {
		d.add(p, options)
	}
	d.sort()
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

// program is a Go program of an archive.
type program struct {
	name string // its path in the archive
	info *buildinfo.BuildInfo
}

func programs(file string, data []byte) ([]program, error) {
	files, err := unpack(file, data)
	if err != nil {
		return nil, err
	}
	var found []program
	for _, f := range files {
		if info, err := buildinfo.Read(f.content); err == nil {
			found = append(found, program{f.name, info})
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no Go program is in it")
	}
	return found, nil
}

// add writes down a program, and all modules that it was built from.
func (d *document) add(p program, options Options) {
	name := "SPDXRef-Program-" + safe(p.name)
	d.Packages = append(d.Packages, Package{
		ID: name, Name: path.Base(p.name), Version: options.Version, Supplier: options.Supplier,
		DownloadLocation: noAssertion, Purpose: "APPLICATION", SourceInfo: "built by " + p.info.GoVersion + " from " + p.info.Path,
		LicenseConcluded: noAssertion, LicenseDeclared: "Apache-2.0", Copyright: noAssertion,
	})
	d.relate(archiveID, "CONTAINS", name)
	parts := []Package{standardLibrary(p.info.GoVersion)}
	for _, dep := range p.info.Deps {
		parts = append(parts, module(dep))
	}
	for _, part := range append(parts, options.Extra...) {
		if part.ID == "" {
			part.ID = "SPDXRef-Package-" + safe(part.Name+"-"+part.Version)
		}
		if !slices.ContainsFunc(d.Packages, func(known Package) bool { return known.ID == part.ID }) {
			d.Packages = append(d.Packages, part)
		}
		d.relate(name, "DEPENDS_ON", part.ID)
	}
}

func standardLibrary(version string) Package {
	number := strings.TrimPrefix(version, "go")
	return golang("stdlib", number)
}

func module(m *debug.Module) Package {
	sum := m.Sum
	name, version := m.Path, m.Version
	if m.Replace != nil {
		name, version, sum = m.Replace.Path, m.Replace.Version, m.Replace.Sum
	}
	p := golang(name, version)
	if sum != "" {
		p.SourceInfo = "go.sum " + sum // a hash over a module's files, for which SPDX has no name
	}
	return p
}

func golang(name, version string) Package {
	return Package{
		Name: name, Version: version, DownloadLocation: noAssertion,
		LicenseConcluded: noAssertion, LicenseDeclared: noAssertion, Copyright: noAssertion,
		References: []Reference{{Category: "PACKAGE-MANAGER", Type: "purl", Locator: "pkg:golang/" + name + "@" + version}},
	}
}

package sbom

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// noAssertion is SPDX's word for what nobody has looked at.
const noAssertion = "NOASSERTION"

// IDs of the document and of what it describes.
const (
	documentID = "SPDXRef-DOCUMENT"
	archiveID  = "SPDXRef-Archive"
)

// document is an SPDX 2.3 document; see https://spdx.github.io/spdx-spec/v2.3/.
type document struct {
	Version       string         `json:"spdxVersion"`
	DataLicense   string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []Package      `json:"packages"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

// Package is a part of the archive.
type Package struct {
	ID               string      `json:"SPDXID"`
	Name             string      `json:"name"`
	Version          string      `json:"versionInfo,omitempty"`
	FileName         string      `json:"packageFileName,omitempty"`
	Supplier         string      `json:"supplier,omitempty"`
	DownloadLocation string      `json:"downloadLocation"`
	FilesAnalyzed    bool        `json:"filesAnalyzed"` // always false, which is not the default
	Checksums        []Checksum  `json:"checksums,omitempty"`
	SourceInfo       string      `json:"sourceInfo,omitempty"`
	LicenseConcluded string      `json:"licenseConcluded"`
	LicenseDeclared  string      `json:"licenseDeclared"`
	Copyright        string      `json:"copyrightText"`
	References       []Reference `json:"externalRefs,omitempty"`
	Purpose          string      `json:"primaryPackagePurpose,omitempty"`
}

// Checksum is a file's.
type Checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

// Reference is where a package is known under another name.
type Reference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

// Chart is a Helm chart that is built into the programs.
func Chart(name, version, sum, location string) Package {
	return Package{
		Name: name + " (Helm chart)", Version: version, DownloadLocation: cmp.Or(location, noAssertion),
		Checksums:        []Checksum{{"SHA256", sum}},
		LicenseConcluded: noAssertion, LicenseDeclared: "Apache-2.0", Copyright: noAssertion,
	}
}

func newDocument(archive, sum string, o Options) *document {
	d := &document{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: documentID, Name: archive,
		Namespace: o.Namespace + "/" + archive + "-" + sum,
		Creation: creation{
			Created:  o.Created.UTC().Format(time.RFC3339),
			Creators: []string{o.Supplier, "Tool: kubectl-aksmesh-release"},
		},
		Packages: []Package{{
			ID: archiveID, Name: archive, FileName: archive, Supplier: o.Supplier, DownloadLocation: noAssertion,
			Checksums: []Checksum{{"SHA256", sum}}, Purpose: "ARCHIVE",
			LicenseConcluded: noAssertion, LicenseDeclared: "Apache-2.0", Copyright: noAssertion,
		}},
	}
	d.relate(documentID, "DESCRIBES", archiveID)
	return d
}

func (d *document) relate(from, kind, to string) {
	d.Relationships = append(d.Relationships, relationship{from, kind, to})
}

func (d *document) sort() {
	slices.SortFunc(d.Packages, func(a, b Package) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(d.Relationships, func(a, b relationship) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Type, b.Type), cmp.Compare(a.To, b.To))
	})
}

// safe makes a part of an SPDX id, which has letters, digits, "." and "-" only.
func safe(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.':
			return r
		}
		return '-'
	}, text)
}

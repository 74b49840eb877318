// Package relabel gives tests of upgrades a second chart: Cilium's own, of the
// version in go.mod, relabelled with another version. It is no release of
// Cilium, and is called relabelled wherever it is used.
package relabel

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart"
	"github.com/aksmesh/kubectl-aksmesh/internal/cilium/chart/pack"
)

// Chart writes the relabelled chart of a version to a file that ends with the
// test, and returns its path. edit changes values.yaml; nil leaves it.
func Chart(t testing.TB, version string, edit func(values string) string) string {
	t.Helper()
	archive, err := pack.FromModule(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	files, err := unpack(archive.Data)
	if err != nil {
		t.Fatal(err)
	}
	label := strings.NewReplacer("version: "+chart.DefaultVersion+"\n", "version: "+version+"\n", "appVersion: "+chart.DefaultVersion+"\n", "appVersion: "+version+"\n")
	about := files["Chart.yaml"]
	about.Data = []byte(label.Replace(string(about.Data)))
	if edit != nil {
		values := files["values.yaml"]
		values.Data = []byte(edit(string(values.Data)))
	}
	data, err := pack.Folder(files)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cilium-"+version+"-relabelled.tgz")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Images edits values.yaml so that Cilium's own images have the version's tag.
func Images(version string) func(string) string {
	return func(values string) string {
		return strings.ReplaceAll(values, `"v`+chart.DefaultVersion+`"`, `"v`+version+`"`)
	}
}

// unpack reads the files of the chart's folder.
func unpack(archive []byte) (fstest.MapFS, error) {
	zipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	files := fstest.MapFS{}
	reader := tar.NewReader(zipped)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("unpacking the chart: %w", err)
		}
		data, err := io.ReadAll(reader)
		if err != nil {
			return nil, fmt.Errorf("unpacking the chart: %w", err)
		}
		files[strings.TrimPrefix(header.Name, "cilium/")] = &fstest.MapFile{Data: data}
	}
}

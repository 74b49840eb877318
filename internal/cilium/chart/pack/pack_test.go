package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func names(t *testing.T, archive []byte) []string {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	reader := tar.NewReader(unzipped)
	var all []string
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if !header.ModTime.IsZero() && header.ModTime.Unix() != 0 || header.Uid != 0 || header.Mode != 0o644 {
			t.Errorf("%s differs between machines: %+v", header.Name, header)
		}
		all = append(all, header.Name)
	}
}

func TestFolderKeepsWhatHelmKeeps(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("x"), Mode: 0o755}
	archive, err := Folder(fstest.MapFS{
		"Chart.yaml":         file,
		"templates/b.yaml":   file,
		"templates/a.yaml":   file,
		"values.yaml.tmpl":   file,
		".git/HEAD":          file,
		".helmignore":        {Data: []byte(".git/\n*.tmpl\n")},
		"files/dir/deep.txt": file,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"cilium/.helmignore", "cilium/Chart.yaml", "cilium/files/dir/deep.txt", "cilium/templates/a.yaml", "cilium/templates/b.yaml",
	}
	if diff := cmp.Diff(want, names(t, archive)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestFromModuleIsReproducible(t *testing.T) {
	first, err := FromModule(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	second, err := FromModule(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	if first.Name != second.Name || !bytes.Equal(first.Data, second.Data) {
		t.Error("two archives differ")
	}
	if len(names(t, first.Data)) < 100 {
		t.Error("the chart is not complete")
	}
}

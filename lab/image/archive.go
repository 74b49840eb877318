package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Image is an image of one layer.
type Image struct {
	// Ref is its name and tag.
	Ref        string
	Tree       Tree
	Entrypoint []string
	Env        []string
}

// defaultPath is PATH in every image.
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// FileName is the archive's name.
func (i *Image) FileName() string {
	return strings.NewReplacer("/", "_", ":", "_").Replace(i.Ref) + ".tar"
}

// Save writes the image as a docker archive into a folder. The file appears
// when it is whole.
func (i *Image) Save(dir string) error {
	layer, err := os.CreateTemp(dir, "layer-*")
	if err != nil {
		return err
	}
	defer func() { layer.Close(); os.Remove(layer.Name()) }()
	sum := sha256.New()
	if err := i.Tree.write(io.MultiWriter(layer, sum)); err != nil {
		return fmt.Errorf("image %s: %w", i.Ref, err)
	}
	temp, err := os.CreateTemp(dir, "image-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	err = i.write(temp, layer, hex.EncodeToString(sum.Sum(nil)))
	if err := errors.Join(err, temp.Close()); err != nil {
		return fmt.Errorf("image %s: %w", i.Ref, err)
	}
	return os.Rename(temp.Name(), filepath.Join(dir, i.FileName()))
}

// write writes manifest, configuration and layer.
func (i *Image) write(w io.Writer, layer *os.File, sum string) error {
	size, err := layer.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = layer.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	config, manifest, err := i.describe(sum)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	for _, f := range []struct {
		name    string
		size    int64
		content io.Reader
	}{
		{"manifest.json", int64(len(manifest)), strings.NewReader(manifest)},
		{"config.json", int64(len(config)), strings.NewReader(config)},
		{"layer.tar", size, layer},
	} {
		header := &tar.Header{Name: f.name, Mode: 0o644, Size: f.size, ModTime: epoch()}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(archive, f.content); err != nil {
			return err
		}
	}
	return archive.Close()
}

// describe gives the two JSON documents of a docker archive; sum is the
// layer's SHA-256 in hex.
func (i *Image) describe(sum string) (config, manifest string, err error) {
	created := epoch()
	c, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "created": created,
		"config": map[string]any{
			"Env": append([]string{defaultPath}, i.Env...), "Entrypoint": i.Entrypoint, "WorkingDir": "/",
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + sum}},
		"history": []any{map[string]any{"created": created}},
	})
	if err != nil {
		return "", "", err
	}
	m, err := json.Marshal([]any{map[string]any{
		"Config": "config.json", "RepoTags": []string{i.Ref}, "Layers": []string{"layer.tar"},
	}})
	return string(c), string(m), err
}

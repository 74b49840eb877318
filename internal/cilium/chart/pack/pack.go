// Package pack makes the archive of Cilium's Helm chart from the Go module
// that carries it, the same byte for byte wherever it runs.
package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"

	"helm.sh/helm/v4/pkg/ignore"
)

// Module is the Go module that carries the chart.
const Module = "github.com/cilium/cilium"

// folder is where the chart lies in the module.
const folder = "install/kubernetes/cilium"

// Archive is a packed chart.
type Archive struct {
	Name string // cilium-<version>.tgz
	Data []byte
}

// FromModule packs the chart of the version that the Go module in dir
// requires. Only the go command is needed, and a network if the module was not
// downloaded before.
func FromModule(ctx context.Context, dir string) (*Archive, error) {
	version, err := required(ctx, dir)
	if err != nil {
		return nil, err
	}
	root, err := download(ctx, dir, version)
	if err != nil {
		return nil, err
	}
	data, err := Folder(os.DirFS(filepath.Join(root, filepath.FromSlash(folder))))
	if err != nil {
		return nil, fmt.Errorf("packing the chart of %s %s: %w", Module, version, err)
	}
	return &Archive{Name: "cilium-" + version[1:] + ".tgz", Data: data}, nil
}

// required returns the version of [Module] that the Go module in dir requires, as "v1.20.1".
func required(ctx context.Context, dir string) (string, error) {
	var module struct{ Version string }
	if err := goJSON(ctx, dir, &module, "list", "-m", "-json", Module); err != nil {
		return "", err
	}
	if len(module.Version) < 2 {
		return "", fmt.Errorf("go.mod names no version of %s", Module)
	}
	return module.Version, nil
}

// download returns the folder with the module's files.
func download(ctx context.Context, dir, version string) (string, error) {
	var module struct{ Dir, Error string }
	if err := goJSON(ctx, dir, &module, "mod", "download", "-json", Module+"@"+version); err != nil {
		return "", err
	}
	if module.Error != "" {
		return "", fmt.Errorf("downloading %s: %s", Module, module.Error)
	}
	return module.Dir, nil
}

func goJSON(ctx context.Context, dir string, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return json.Unmarshal(out, into)
}

// Folder packs a chart's folder: what .helmignore leaves, in the order of
// names, without times, owners or modes that differ between machines.
func Folder(chart fs.FS) ([]byte, error) {
	rules, err := ignored(chart)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&buffer, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(zipped)
	err = fs.WalkDir(chart, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if rules.Ignore(name, info) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() {
			return nil
		}
		return add(archive, chart, name)
	})
	if err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if err := zipped.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

func ignored(chart fs.FS) (*ignore.Rules, error) {
	data, err := fs.ReadFile(chart, ignore.HelmIgnore)
	if os.IsNotExist(err) {
		return ignore.Empty(), nil
	}
	if err != nil {
		return nil, err
	}
	rules, err := ignore.Parse(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ignore.HelmIgnore, err)
	}
	rules.AddDefaults()
	return rules, nil
}

func add(archive *tar.Writer, chart fs.FS, name string) error {
	data, err := fs.ReadFile(chart, name)
	if err != nil {
		return err
	}
	header := &tar.Header{
		Typeflag: tar.TypeReg,
		Name:     path.Join("cilium", name), // Helm wants one folder with the chart's name
		Mode:     0o644,
		Size:     int64(len(data)),
		Format:   tar.FormatUSTAR,
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = archive.Write(data)
	return err
}

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/hack/release/image"
	"github.com/aksmesh/kubectl-aksmesh/hack/release/krew"
	"github.com/aksmesh/kubectl-aksmesh/hack/release/pinned"
	"github.com/aksmesh/kubectl-aksmesh/hack/release/sbom"
)

// Paths from the repository's root.
const (
	chartFolder = "internal/cilium/chart"
	pinFile     = "hack/release/pinned/chart.yaml"
	dist        = "dist"
	homepage    = "https://github.com/aksmesh/kubectl-aksmesh"
)

func runChart(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("chart", flag.ContinueOnError)
	show := flags.Bool("show", false, "print the pin that fits what the registry has now, and write nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	pin, err := pinned.Load(pinFile)
	if err != nil {
		return err
	}
	if *show {
		seen, _, err := pin.See(ctx, nil)
		if err != nil {
			return err
		}
		text, err := yaml.Marshal(seen)
		if err == nil {
			_, err = os.Stdout.Write(text)
		}
		return err
	}
	data, err := pin.Fetch(ctx, nil)
	if err != nil {
		return err
	}
	return replaceChart(filepath.Join(chartFolder, pin.FileName()), data)
}

// replaceChart writes the archive and removes others: a binary takes one.
func replaceChart(file string, data []byte) error {
	old, err := filepath.Glob(filepath.Join(filepath.Dir(file), "cilium-*.tgz"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return os.WriteFile(file, data, 0o644)
}

// runSBOM is called by goreleaser in its folder for results, dist.
func runSBOM(_ context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("sbom takes an archive and a document's path")
	}
	created, err := epoch()
	if err != nil {
		return err
	}
	version, err := releaseVersion()
	if err != nil {
		return err
	}
	chart, err := builtInChart(filepath.Join(filepath.Dir(args[0]), "..", chartFolder))
	if err != nil {
		return err
	}
	text, err := sbom.ForArchive(args[0], sbom.Options{
		Created: created, Version: version, Supplier: "Organization: aksmesh", Namespace: homepage + "/sbom", Extra: []sbom.Package{chart},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(args[1], text, 0o644)
}

// epoch is the time that all of a build has; see
// https://reproducible-builds.org/specs/source-date-epoch/.
func epoch() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q, not a time in seconds", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// releaseVersion is that of the programs, which goreleaser chooses.
func releaseVersion() (string, error) {
	version := os.Getenv("AKSMESH_VERSION")
	if version == "" {
		return "", errors.New("AKSMESH_VERSION is not set: it is the version of the release, as v1.2.3")
	}
	return version, nil
}

func builtInChart(folder string) (sbom.Package, error) {
	files, err := filepath.Glob(filepath.Join(folder, "cilium-*.tgz"))
	if err != nil || len(files) != 1 {
		return sbom.Package{}, fmt.Errorf("there is not one chart in %s but %d", folder, len(files))
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		return sbom.Package{}, err
	}
	sum := sha256.Sum256(data)
	version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(files[0]), "cilium-"), ".tgz")
	return sbom.Chart("cilium", version, hex.EncodeToString(sum[:]), ""), nil
}

func runImage(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	repository := flags.String("push", "", "repository to push the image that was made to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	file := filepath.Join(dist, image.Program+".tar")
	build, err := readMetadata(dist)
	if err != nil {
		return err
	}
	if *repository != "" {
		pushed, err := image.Push(ctx, file, build.tag(), *repository, nil)
		if err == nil {
			fmt.Printf("%s:%s@%s\n", *repository, build.tag(), pushed.Digest)
		}
		return err
	}
	programs, err := image.Programs(dist)
	if err != nil {
		return err
	}
	created, err := epoch()
	if err != nil {
		return err
	}
	made, err := image.Save(ctx, file, programs, image.Options{Version: build.tag(), Commit: build.Commit, Created: created})
	if err == nil {
		fmt.Printf("%s %s\n", file, made.Digest)
	}
	return err
}

func runKrew(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("krew", flag.ContinueOnError)
	partial := flags.Bool("partial", false, "leave out systems that were not built for")
	if err := flags.Parse(args); err != nil {
		return err
	}
	build, err := readMetadata(dist)
	if err != nil {
		return err
	}
	m, err := krew.Load("plugins/krew.yaml")
	if err != nil {
		return err
	}
	file, err := os.Open(filepath.Join(dist, "checksums.txt"))
	if err != nil {
		return err
	}
	defer file.Close()
	sums, err := krew.ReadSums(file)
	if err != nil {
		return err
	}
	if m, err = krew.Fill(m, build.tag(), sums, *partial); err != nil {
		return err
	}
	path := filepath.Join(dist, "krew", m.Metadata.Name+".yaml")
	if err := krew.Check(m, path); err != nil {
		return err
	}
	text, err := m.Text()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

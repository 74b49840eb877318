package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/aksmesh/kubectl-aksmesh/internal/azure"
	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/export"
)

// outputManifests is the value of --output for files to be kept in Git.
const outputManifests = "manifests"

// manifestsHelp is what --output's help says of it.
const manifestsHelp = "; manifests: files for Git in --output-dir, and no change of any cluster"

// manifestFlags say where files for Git go.
type manifestFlags struct {
	dir   string
	force bool
}

func (f *manifestFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.dir, "output-dir", "", "folder that --output manifests writes to; it is made if it is missing")
	flags.BoolVar(&f.force, "force-overwrite", false, "with --output manifests, overwrite files that were not written by kubectl aksmesh, or were changed since")
}

func (f *manifestFlags) validate(change *changeFlags) error {
	switch {
	case change.output != outputManifests && f.dir != "":
		return errors.New("--output-dir is for --output manifests: add it, or leave --output-dir out")
	case change.output != outputManifests && f.force:
		return errors.New("--force-overwrite is for --output manifests: leave it out")
	case change.output != outputManifests:
		return nil
	case f.dir == "":
		return errors.New("--output manifests writes files: say where with --output-dir DIR")
	case change.dryRun != dryRunNone:
		return errors.New("--output manifests changes no cluster, and --dry-run shows a plan: leave one out")
	}
	return nil
}

// write puts the files into the folder, and lists them.
func (f *manifestFlags) write(a *app, set *export.Set) error {
	done, err := set.Write(f.dir, f.force)
	if err != nil {
		return err
	}
	for _, list := range []struct {
		what  string
		paths []string
	}{{"wrote", done.Wrote}, {"same", done.Same}, {"removed", done.Removed}} {
		for _, path := range list.paths {
			if _, err := fmt.Fprintf(a.streams.Out, "%-7s %s\n", list.what, filepath.Join(f.dir, filepath.FromSlash(path))); err != nil {
				return err
			}
		}
	}
	return nil
}

// azureFiles is what files say of Azure: the ids of --azure-id, and the API
// version that the client would use for each cluster that it was asked about.
func azureFiles(ctx context.Context, client *azure.Client, ids map[string]string, seen mesh.Snapshot) export.Azure {
	files := export.Azure{IDs: ids, Versions: map[string]string{}}
	for i := range seen.Clusters {
		f := &seen.Clusters[i]
		if f.Azure == nil || client == nil {
			continue
		}
		id, err := azure.ParseID(f.Azure.ID)
		if err != nil {
			continue
		}
		// Without an answer the newest tested version has to do.
		if version, err := client.APIVersion(ctx, id); err == nil {
			files.Versions[f.Context] = version
		}
	}
	return files
}

package export

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aksmesh/kubectl-aksmesh/internal/mesh"
	"github.com/aksmesh/kubectl-aksmesh/pkg/join"
	"github.com/aksmesh/kubectl-aksmesh/test/golden"
)

// bare is an AKS cluster made for bring-your-own CNI, as Azure hands it over.
func bare(context, n string) mesh.Facts {
	return mesh.Facts{
		Context: context,
		Kubernetes: &mesh.Kubernetes{
			UID: "uid-" + n, Version: "v1.37.1", Host: "aks-" + n + ".hcp.westeurope.azmk8s.io", Port: 443,
			ServiceIPs: []string{"10.0.0.1"}, ServiceCIDRs: []string{"10.0.0.0/16"}, AKS: true,
		},
		Nodes: []mesh.Node{{
			Name: "node-" + n, InternalIPs: []string{"10.24" + n + ".0.4"},
			ProviderID: "azure:///subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/MC_" + n + "/providers/Microsoft.Compute/virtualMachineScaleSets/p/virtualMachines/0",
		}},
		KubeProxy: &mesh.KubeProxy{Present: true, Desired: 1, Ready: 1},
		Azure: &mesh.Azure{
			ID:    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-" + n,
			State: "Succeeded", Power: "Running", FQDN: "aks-" + n + ".hcp.westeurope.azmk8s.io", NetworkPlugin: "none", KubeProxy: "enabled",
			PodCIDRs: []string{"10.244.0.0/16"}, ServiceCIDRs: []string{"10.0.0.0/16"},
		},
	}
}

// drafted is the draft for files.
func drafted(t *testing.T, w join.Wish, facts ...mesh.Facts) *join.Draft {
	t.Helper()
	w.ChartVersion = "1.20.1"
	d, err := join.MakeForFiles(mesh.Snapshot{Clusters: facts}, w)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// goldenSet compares the files of a set, with their marks, with those below
// testdata/NAME, one for one.
func goldenSet(t *testing.T, name string, set *Set) {
	t.Helper()
	dir := filepath.Join("testdata", name)
	if golden.Updating() {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := set.Write(dir, false); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, dir), contents(set)); diff != "" {
		t.Errorf("%s (-want +got; UPDATE_GOLDEN=1 writes it):\n%s", dir, diff)
	}
	for _, file := range set.Files {
		if bytes.Contains(file.Content, []byte("PRIVATE KEY")) {
			t.Errorf("%s has a private key", file.Path)
		}
	}
}

// contents are a set's files as they are written, by path.
func contents(set *Set) map[string]string {
	all := map[string]string{}
	for _, file := range set.Files {
		all[file.Path] = string(marked(file.Path, file.Content))
	}
	return all
}

// read is what lies below a folder, by path with slashes.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		all[filepath.ToSlash(relative)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

package api

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// manifests writes files for Git, and returns the run.
func manifests(t *testing.T, w *apienv.World, dir string, args ...string) apienv.Result {
	t.Helper()
	r := w.Run(t, append(args, "--output=manifests", "--output-dir="+dir)...)
	if r.ExitCode != 0 {
		t.Fatalf("ended with %d\n%s", r.ExitCode, said(r))
	}
	return r
}

// applied has the API server judge a file as server-side apply would send it,
// or store it.
func applied(ctx context.Context, t *testing.T, m *apienv.Member, path string, dryRun ...string) {
	t.Helper()
	text := content(t, path)
	body, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	force := true
	_, err = m.Client.CoreV1().Services("kube-system").Patch(ctx, "clustermesh-apiserver", types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: "kubectl-aksmesh", Force: &force, DryRun: dryRun})
	if err != nil {
		t.Errorf("%s is refused: %v", path, err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestJoinAsFiles writes what a join would do, has API servers judge the
// Services, and follows the files: with the Services there, the same command
// fills in the addresses.
func TestJoinAsFiles(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	dir := filepath.Join(t.TempDir(), "git")
	writes := watch(t, w)
	r := manifests(t, w, dir, "join", "--context", two, "--encryption=ipsec")
	noWrites(t, writes)
	for _, name := range []string{"README.md", "values.yaml", "service.yaml", "kustomization.yaml", "secrets.md", "azure.sh", "azure.tf"} {
		for _, m := range w.Members {
			says(t, r.Stdout, "wrote   "+filepath.Join(dir, m.Context, "mesh", name))
		}
	}
	says(t, content(t, filepath.Join(dir, "aks-1/mesh/values.yaml")), "# Not complete: the cluster of context aks-2 is left out")
	says(t, content(t, filepath.Join(dir, "aks-1/mesh/azure.tf")), w.Members[0].Site.ID(), "Microsoft.ContainerService/managedClusters@20")
	says(t, manifests(t, w, dir, "join", "--context", two, "--encryption=ipsec").Stdout, "same    ")
	for _, m := range w.Members {
		path := filepath.Join(dir, m.Context, "mesh/service.yaml")
		applied(t.Context(), t, m, path, metav1.DryRunAll)
		applied(t.Context(), t, m, path)
		waitForAddress(t, m)
	}
	r = manifests(t, w, dir, "join", "--context", two, "--encryption=ipsec")
	says(t, r.Stdout, "wrote   "+filepath.Join(dir, "aks-1/mesh/values.yaml"), "same    "+filepath.Join(dir, "aks-1/mesh/service.yaml"))
	var values map[string]any
	if err := yaml.Unmarshal([]byte(content(t, filepath.Join(dir, "aks-1/mesh/values.yaml"))), &values); err != nil {
		t.Fatal(err)
	}
	for _, m := range w.Members {
		if ips, _ := value(values, "clustermesh.config.clusters."+m.Context+".ips").([]any); len(ips) != 1 {
			t.Errorf("the values have no address of %s: %v", m.Context, ips)
		}
	}
}

// TestFilesOfAMeshTellNoSecret writes files of clusters that have keys, and
// keeps what somebody has changed.
func TestFilesOfAMeshTellNoSecret(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	join(t, w, two)
	dir := t.TempDir()
	writes := watch(t, w)
	manifests(t, w, dir, "join", "--context", two)
	noWrites(t, writes)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			keepsSecrets(t, w, apienv.Result{Stdout: content(t, path)})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	says(t, content(t, filepath.Join(dir, "aks-1/mesh/secrets.md")), "It is there, as it must be.")
	path := filepath.Join(dir, "aks-1/mesh/values.yaml")
	write(t, path, content(t, path)+"mine: true\n")
	r := w.Run(t, "join", "--context", two, "--output=manifests", "--output-dir="+dir)
	refused(t, r)
	says(t, r.Stderr, path+" was not written by kubectl aksmesh, or was changed since", "--force-overwrite")
	manifests(t, w, dir, "join", "--context", two, "--force-overwrite")
}

// TestExposeAsFiles patches a Service by the file that is written, and finds
// that expose has nothing to do then.
func TestExposeAsFiles(t *testing.T) {
	w := shops(t, 2)
	dir := t.TempDir()
	writes := watch(t, w)
	manifests(t, w, dir, exposing(two, "--affinity=local")...)
	noWrites(t, writes)
	for _, m := range w.Members {
		patch, err := yaml.YAMLToJSON([]byte(content(t, filepath.Join(dir, m.Context, "services/shop/web/patch.yaml"))))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Client.CoreV1().Services("shop").Patch(t.Context(), "web", types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Errorf("%s: %v", m.Context, err)
		}
	}
	says(t, well(t, w, exposing(two, "--affinity=local")).Stdout, "nothing to do")
}

func TestManifestsBadInput(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	for name, tc := range map[string]struct{ args, want string }{
		"no folder":           {"--output=manifests", "say where with --output-dir"},
		"a folder for a plan": {"--output-dir=x", "--output-dir is for --output manifests"},
		"a dry run":           {"--output=manifests --output-dir=x --dry-run=client", "leave one out"},
		"force for nothing":   {"--force-overwrite", "--force-overwrite is for --output manifests"},
	} {
		r := w.Run(t, append([]string{"join", "--context", two}, strings.Fields(tc.args)...)...)
		refused(t, r)
		if !strings.Contains(r.Stderr, tc.want) {
			t.Errorf("%s: %q is not said\n%s", name, tc.want, said(r))
		}
	}
}

// waitForAddress waits until the simulated cloud has given the mesh's Service
// its address.
func waitForAddress(t *testing.T, m *apienv.Member) {
	t.Helper()
	services := m.Client.CoreV1().Services("kube-system")
	watched, err := services.Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=clustermesh-apiserver"})
	if err != nil {
		t.Fatal(err)
	}
	defer watched.Stop()
	for {
		service, err := services.Get(t.Context(), "clustermesh-apiserver", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(service.Status.LoadBalancer.Ingress) > 0 {
			return
		}
		if _, open := <-watched.ResultChan(); !open {
			t.Fatalf("%s: the watch of its Service has ended", m.Context)
		}
	}
}

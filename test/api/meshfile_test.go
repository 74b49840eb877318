package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aksmesh/kubectl-aksmesh/pkg/meshfile"
	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

// exported writes what export says to a file, and returns its path.
func exported(t *testing.T, w *apienv.World, args ...string) string {
	t.Helper()
	r := w.Run(t, append([]string{"export"}, args...)...)
	if r.ExitCode != 0 {
		t.Fatalf("export ended with %d\n%s", r.ExitCode, said(r))
	}
	keepsSecrets(t, w, r)
	path := filepath.Join(t.TempDir(), "mesh.yaml")
	write(t, path, r.Stdout)
	return path
}

func edit(t *testing.T, path string, replacements ...string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(replacements...).Replace(string(text))
	if changed == string(text) {
		t.Fatalf("nothing of %q is in\n%s", replacements, text)
	}
	edited := filepath.Join(t.TempDir(), "mesh.yaml")
	write(t, edited, changed)
	return edited
}

// TestMeshFileOfAMesh exports a mesh that join made: join of the file has
// nothing to do, doctor sees no difference, and both see one that is made.
func TestMeshFileOfAMesh(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	join(t, w, two, "--set=debug.enabled=true", "--set=hubble.ui.password=open-sesame")
	writes := watch(t, w)
	path := exported(t, w, "--context=aks-1") // aks-2 is found
	f, err := meshfile.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.Contexts(), ","); got != two {
		t.Errorf("clusters are %s, want %s", got, two)
	}
	again := exported(t, w, "--context=aks-1,aks-2", "--output=json")
	for _, file := range []string{path, again} {
		r := w.Run(t, "join", "-f", file, "--yes", "--wait=false")
		if r.ExitCode != 0 || !strings.Contains(r.Stdout, "nothing to do") || strings.Contains(r.Stderr, "AKSM206") {
			t.Errorf("join -f ended with %d\n%s", r.ExitCode, said(r))
		}
	}
	only := []string{"--only=AKSM206", "--fail-on=warning"}
	// No agents run in these clusters, and AKSM206 needs none.
	if r := w.Run(t, append([]string{"doctor", "-f", path}, only...)...); r.ExitCode != 0 {
		t.Errorf("doctor -f ended with %d\n%s", r.ExitCode, said(r))
	}
	differs := edit(t, path, "encryption: none", "encryption: none\n  mtu: 1400", "version: 1.20.1", "version: 1.20.0")
	r := w.Run(t, append([]string{"doctor", "-f", differs}, only...)...)
	if r.ExitCode != 2 {
		t.Errorf("doctor -f of another file ended with %d\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stdout, "AKSM206", "mtu: mesh.yaml says 1400, and it is nothing", "version: mesh.yaml says 1.20.0, and it is 1.20.1")
	r = w.Run(t, "join", "-f", differs, "--dry-run=client", "--wait=false")
	if r.ExitCode != 0 {
		t.Errorf("join -f of another file ended with %d\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stdout, "+ MTU: 1400")
	says(t, r.Stderr, "AKSM206", "version: mesh.yaml says 1.20.0") // what join does not change
	noWrites(t, writes)
}

// TestJoinOfAMeshFile joins bare clusters as a file says, takes in another by a
// longer file, and refuses flags that contradict it.
func TestJoinOfAMeshFile(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	dir := t.TempDir()
	path := filepath.Join(dir, "mesh.yaml")
	short := "apiVersion: aksmesh.io/v1alpha1\nkind: Mesh\nspec:\n  encapsulation: geneve\n  values: {debug: {enabled: true}}\n  clusters:\n" +
		"  - {context: aks-1, name: weu, id: 7, podCIDRs: [100.70.0.0/16]}\n  - {context: aks-2, azureID: " + w.Members[1].Site.ID() + "}\n"
	write(t, path, short)
	do := func(args ...string) apienv.Result {
		t.Helper()
		return w.Run(t, append([]string{"join", "-f", path, "--yes", "--wait=false", "--timeout=3m"}, args...)...)
	}
	r := do()
	if r.ExitCode != 0 {
		t.Fatalf("join -f ended with %d\n%s", r.ExitCode, said(r))
	}
	values := newest(t, w.Members[0]).Values
	for key, want := range map[string]any{"cluster.name": "weu", "tunnelProtocol": "geneve", "debug.enabled": true, "cluster.id": float64(7)} {
		if got := value(values, key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	writes := watch(t, w)
	says(t, do().Stdout, "nothing to do")
	for name, tc := range map[string]struct{ arg, want string }{
		"a contradiction":        {"--encapsulation=vxlan", "--encapsulation=vxlan contradicts mesh.yaml"},
		"a cluster of no file":   {"--context=aks-1,aks-3", `--context names "aks-3", which is not in mesh.yaml`},
		"a flag that is no":      {"--cluster-id=aks-1=8", "--cluster-id aks-1=8 contradicts mesh.yaml"},
		"another id in Azure":    {"--azure-id=aks-2=" + w.Members[0].Site.ID(), "contradicts mesh.yaml"},
		"another Helm value":     {"--set=debug.enabled=false", "contradict the Helm values in mesh.yaml (debug.enabled)"},
		"only one of the file's": {"--context=aks-1", "at least two clusters"},
	} {
		r := do(tc.arg)
		refused(t, r)
		if !strings.Contains(r.Stderr, tc.want) {
			t.Errorf("%s: %q is not said\n%s", name, tc.want, said(r))
		}
	}
	noWrites(t, writes)
	write(t, path, short+"  - {context: aks-3}\n")
	if r := do(); r.ExitCode != 0 {
		t.Errorf("join -f of a longer file ended with %d\n%s", r.ExitCode, said(r))
	}
	if got := value(newest(t, w.Members[2]).Values, "cluster.id"); got != float64(2) {
		t.Errorf("the third cluster has id %v, want 2", got)
	}
	write(t, path, strings.Replace(short, "id: 7", "id: 8", 1))
	r = do()
	refused(t, r)
	says(t, r.Stderr, "already runs with the cluster id 7", "change it there")
}

// TestMeshFileIsStrict: a slip is told with its line, before anything is asked.
func TestMeshFileIsStrict(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	path := filepath.Join(t.TempDir(), "mesh.yaml")
	write(t, path, "apiVersion: aksmesh.io/v1alpha1\nkind: Mesh\nspec:\n  encapsulaton: vxlan\n  clusters: [{context: aks-1}, {context: aks-2}]\n")
	before := len(w.Journal.Calls())
	for _, command := range []string{"join", "doctor"} {
		r := w.Run(t, command, "-f", path)
		refused(t, r)
		says(t, r.Stderr, "mesh.yaml line 4: spec.encapsulaton is unknown; did you mean encapsulation?")
	}
	if calls := len(w.Journal.Calls()) - before; calls != 0 {
		t.Errorf("%d calls were made", calls)
	}
}

// TestLeaveByMeshFile takes the member out that the file does not name any
// more, and nobody else.
func TestLeaveByMeshFile(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	join(t, w, three)
	path := exported(t, w, "--context=aks-1")
	leave := func(path string, args ...string) apienv.Result {
		t.Helper()
		r := w.Run(t, append([]string{"leave", "-f", path, "--yes", "--wait=false", "--timeout=3m"}, args...)...)
		if r.ExitCode != 0 {
			t.Fatalf("leave -f ended with %d\n%s", r.ExitCode, said(r))
		}
		return r
	}
	writes := watch(t, w)
	says(t, leave(path).Stdout, "nothing to do: every member that was found is in mesh.yaml")
	f, err := meshfile.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.Only([]string{"aks-1", "aks-2"}).YAML()
	if err != nil {
		t.Fatal(err)
	}
	shorter := filepath.Join(t.TempDir(), "mesh.yaml")
	write(t, shorter, string(text))
	r := w.Run(t, "doctor", "-f", shorter, "--only=AKSM206", "--fail-on=warning")
	if r.ExitCode != 2 {
		t.Errorf("doctor ended with %d\n%s", r.ExitCode, said(r))
	}
	says(t, r.Stdout, `context "aks-3" is a member of the mesh, and mesh.yaml does not name it`, "kubectl aksmesh leave -f mesh.yaml")
	says(t, leave(shorter, "--dry-run=client").Stdout, "aks-3", "dry run")
	dir := t.TempDir()
	says(t, manifests(t, w, dir, "leave", "-f", shorter).Stdout, "aks-1/mesh/values.yaml", "aks-3/mesh/README.md")
	says(t, content(t, filepath.Join(dir, "aks-3/mesh/values.yaml")), "useAPIServer: false")
	noWrites(t, writes)
	says(t, leave(shorter).Stderr, "kubectl aksmesh leave --context aks-3")
	for name, want := range map[string]int{"aks-1": 2, "aks-2": 2, "aks-3": 0} {
		clusters, _ := value(newest(t, w.Member(t, name)).Values, "clustermesh.config.clusters").(map[string]any)
		if len(clusters) != want {
			t.Errorf("%s is told of %v, want %d clusters", name, clusters, want)
		}
	}
	after := watch(t, w)
	says(t, leave(shorter).Stdout, "nothing to do")
	noWrites(t, after)
	refused(t, w.Run(t, "leave", "-f", shorter, "--forget=aks-3"))
}

// TestPartialExport: a member that no context reaches is not left out of a file
// without its being asked for, and nobody leaves by the file then.
func TestPartialExport(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{})
	join(t, w, three)
	w.RemoveContext(t, "aks-3")
	writes := watch(t, w)
	r := w.Run(t, "export", "--context=aks-1")
	refused(t, r)
	says(t, r.Stderr, "nothing was written: no context reaches aks-3", "leave --forget aks-3", "--partial")
	if r.Stdout != "" {
		t.Errorf("a file was written all the same:\n%s", r.Stdout)
	}
	path := exported(t, w, "--context=aks-1", "--partial")
	says(t, content(t, path), "partial: true", "the member aks-3 is left out")
	r = w.Run(t, "leave", "-f", path, "--yes", "--wait=false")
	refused(t, r)
	says(t, r.Stderr, "mesh.yaml is partial")
	noWrites(t, writes)
}

// Package completion has a real kubectl complete what is typed after "kubectl
// aksmesh", by the plugin's program under the name that kubectl looks for.
package completion

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/aksmesh/kubectl-aksmesh/test/dist/kubectl"
)

// program is the plugin: what $AKSMESH_BINARY names, as make api sets it, or
// one that is built now.
func program(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("AKSMESH_BINARY"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "kubectl-aksmesh")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, "github.com/aksmesh/kubectl-aksmesh/cmd/kubectl-aksmesh")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the plugin: %v\n%s", err, out)
	}
	return path
}

// cluster answers lists of services and namespaces; hanging, nothing.
type cluster struct {
	services []string
	hangs    bool
	requests atomic.Int64
}

// ServeHTTP implements [http.Handler].
func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.requests.Add(1)
	if c.hangs {
		<-r.Context().Done()
		return
	}
	names := c.services
	if r.URL.Path == "/api/v1/namespaces" {
		names = []string{"default", "shop"}
	}
	items := []any{}
	for _, name := range names {
		items = append(items, map[string]any{"metadata": map[string]any{"name": name}})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"items": items}) // the client sees what is missing
}

// shell is a user with the plugin, a kubeconfig and a finger on the Tab key.
func shell(t *testing.T, clusters map[string]*cluster) kubectl.User {
	t.Helper()
	binary, err := filepath.Abs(program(t))
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, name := range []string{"kubectl-aksmesh", "kubectl_complete-aksmesh"} {
		if err := os.Symlink(binary, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	config := api.NewConfig()
	for name, c := range clusters {
		server := httptest.NewTLSServer(c)
		t.Cleanup(server.Close)
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		config.Clusters[name] = &api.Cluster{Server: server.URL, CertificateAuthorityData: ca}
		config.Contexts[name] = &api.Context{Cluster: name}
	}
	file := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	return kubectl.User{Path: []string{bin}, Env: []string{"KUBECONFIG=" + file}}
}

// tab is what kubectl offers after the words.
func tab(t *testing.T, user kubectl.User, words ...string) []string {
	t.Helper()
	r := user.Run(t, append([]string{"__complete", "aksmesh"}, words...)...)
	lines := strings.Split(strings.TrimSpace(r.Stdout), "\n")
	if r.Code != 0 || !strings.HasPrefix(lines[len(lines)-1], ":") {
		t.Fatalf("after %q kubectl ended with %d\n%s%s", words, r.Code, r.Stdout, r.Stderr)
	}
	offered := []string{}
	for _, line := range lines[:len(lines)-1] {
		word, _, _ := strings.Cut(line, "\t")
		offered = append(offered, word)
	}
	slices.Sort(offered)
	return offered
}

func TestKubectlCompletes(t *testing.T) {
	one, two, other := &cluster{services: []string{"web", "worker"}}, &cluster{services: []string{"api", "web"}}, &cluster{}
	user := shell(t, map[string]*cluster{"aks-1": one, "aks-2": two, "prod": other, "dead": {hangs: true}})
	for name, c := range map[string]struct{ words, want []string }{
		"commands":      {[]string{"jo"}, []string{"join"}},
		"flags":         {[]string{"join", "--encr"}, []string{"--encryption"}},
		"contexts":      {[]string{"join", "--context", "aks"}, []string{"aks-1", "aks-2"}},
		"more contexts": {[]string{"join", "--context", "aks-1,aks"}, []string{"aks-1,aks-2"}},
		"services":      {[]string{"expose", "--context", "aks-1,aks-2", "w"}, []string{"web", "worker"}},
		"services of":   {[]string{"services", "--context=aks-2", ""}, []string{"api", "web"}},
		"namespaces":    {[]string{"expose", "web", "--context", "aks-1", "-n", ""}, []string{"default", "shop"}},
		"no clusters":   {[]string{"expose", ""}, []string{}},
		"codes":         {[]string{"doctor", "explain", "AKSM80"}, []string{"AKSM801", "AKSM802"}},
		"only":          {[]string{"doctor", "--only", "AKSM801,AKSM912"}, []string{"AKSM801,AKSM912"}},
		"skip":          {[]string{"doctor", "--skip", "8"}, []string{"8"}},
		"output":        {[]string{"doctor", "-o", ""}, []string{"json", "junit", "markdown", "sarif", "wide", "yaml"}},
		"affinity":      {[]string{"expose", "web", "--affinity", ""}, []string{"local", "none", "remote"}},
		"encryption":    {[]string{"join", "--encryption", ""}, []string{"ipsec", "none", "wireguard"}},
		"encapsulation": {[]string{"join", "--encapsulation", ""}, []string{"geneve", "native", "vxlan"}},
		"dry run":       {[]string{"join", "--dry-run", ""}, []string{"client", "none", "server"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, tab(t, user, c.words...)); diff != "" {
				t.Errorf("after %q (-want +got)\n%s", c.words, diff)
			}
		})
	}
	if n := other.requests.Load(); n > 0 {
		t.Errorf("a cluster that nobody named was asked %d times", n)
	}
	t.Run("a cluster that does not answer", func(t *testing.T) { patience(t, user) })
}

// patience: a cluster that does not answer costs two seconds, and nothing of
// what another one has.
func patience(t *testing.T, user kubectl.User) {
	t.Helper()
	alone := time.Now()
	tab(t, user, "jo")
	start := time.Since(alone) // kubectl's and the plugin's own, on this machine
	waited := time.Now()
	if diff := cmp.Diff([]string{"api", "web"}, tab(t, user, "expose", "--context", "dead,aks-2", "")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	const bound, spare = 2 * time.Second, time.Second
	if took := time.Since(waited); took > 2*start+bound+spare {
		t.Errorf("it took %s, and %s without a cluster", took, start)
	}
}

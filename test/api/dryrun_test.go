package api

import (
	"encoding/json"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/aksmesh/kubectl-aksmesh/test/apienv"
)

func TestDryRunWritesNothing(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	for _, mode := range []string{"client", "server"} {
		for _, output := range []string{"", "json", "yaml"} {
			t.Run(mode+" "+output, func(t *testing.T) {
				writes := watch(t, w)
				args := []string{"join", "--context", two, "--wait=false", "--dry-run=" + mode}
				if output != "" {
					args = append(args, "--output="+output)
				}
				r := w.Run(t, args...)
				if r.ExitCode != 0 {
					t.Errorf("ended with %d", r.ExitCode)
				}
				noWrites(t, writes)
				planned(t, output, r)
			})
		}
	}
	asked := 0
	for _, call := range w.Journal.Calls() {
		if call.Verb == "patch" && call.Write == 0 {
			asked++
			says(t, call.Query, "dryRun=All")
		}
	}
	if asked == 0 {
		t.Error("--dry-run=server asked nothing of the API servers")
	}
}

// planned checks a plan for two bare clusters.
func planned(t *testing.T, output string, r apienv.Result) {
	t.Helper()
	if output == "" {
		says(t, r.Stdout, "create Secret kube-system/cilium-ca", "copy the certificate authority from aks-1",
			"switch kube-proxy off through Azure", "install Cilium 1.20.1 as aks-2 (id 2)", "8 changes of 2 clusters", "dry run")
		return
	}
	text := []byte(r.Stdout)
	var err error
	if output == "yaml" {
		text, err = yaml.YAMLToJSON(text)
	}
	var plan struct {
		APIVersion, Kind string
		Steps            []struct{ ID, Cluster, Action, Object, Summary string }
	}
	if err == nil {
		err = json.Unmarshal(text, &plan)
	}
	if err != nil || plan.Kind != "Plan" || plan.APIVersion == "" || len(plan.Steps) != 8 {
		t.Errorf("this is not a plan with eight steps: %v\n%s", err, r.Stdout)
	}
	for _, step := range plan.Steps {
		if step.ID == "" || step.Cluster == "" || step.Action == "" || step.Object == "" || step.Summary == "" {
			t.Errorf("step is not complete: %+v", step)
		}
	}
}

// TestDryRunOfAMeshShowsNoSecret lets a dry run look at clusters that have keys,
// and at values of the user's that are secret.
func TestDryRunOfAMeshShowsNoSecret(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	results := []apienv.Result{join(t, w, two)}
	writes := watch(t, w)
	for _, mode := range []string{"--dry-run=client", "--dry-run=server", "--output=values"} {
		r := w.Run(t, joining(two, mode, "--set=debug.enabled=true", "--set=hubble.ui.password=open-sesame")...)
		if r.ExitCode != 0 || r.Stdout == "" || strings.Contains(r.Stdout+r.Stderr, "open-sesame") {
			t.Errorf("%s: ended with %d\n%s", mode, r.ExitCode, said(r))
		}
		results = append(results, r)
	}
	noWrites(t, writes)
	keepsSecrets(t, w, results...)
}

func TestWithoutTerminalYesIsNeeded(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	writes := watch(t, w)
	r := w.Run(t, "join", "--context", two)
	refused(t, r)
	says(t, r.Stderr, "8 changes of 2 clusters", "error: cannot ask for confirmation: stdin is not a terminal; add --yes")
	noWrites(t, writes)
}

func TestValuesForGit(t *testing.T) {
	w := env.World(t, apienv.WorldOptions{Clusters: 2})
	writes := watch(t, w)
	r := w.Run(t, "join", "--context", two, "--output=values")
	if r.ExitCode != 0 {
		t.Fatalf("ended with %d\n%s", r.ExitCode, said(r))
	}
	noWrites(t, writes)
	documents := strings.Split(r.Stdout, "---\n")[1:]
	if len(documents) != 2 {
		t.Fatalf("%d documents, want one per cluster:\n%s", len(documents), r.Stdout)
	}
	for i, document := range documents {
		var values map[string]any
		if err := yaml.Unmarshal([]byte(document), &values); err != nil {
			t.Fatalf("%v:\n%s", err, document)
		}
		if got, want := value(values, "cluster.name"), w.Members[i].Context; got != want {
			t.Errorf("document %d has cluster.name %v, want %s", i, got, want)
		}
		says(t, document, "context "+w.Members[i].Context)
	}
}
